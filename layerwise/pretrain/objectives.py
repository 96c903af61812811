"""The two objectives: masked prediction of clusters (HuBERT) and masked contrast (wav2vec 2.0)."""

import torch
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional

from layerwise.pretrain.data import MFCC_DIM, MaskedBatch
from layerwise.pretrain.model import Architecture, build_trunk
from layerwise.seeds import derive_seed

EPSILON = 1e-7  # keeps the gradient finite for codes that are never used
SAME_CODES = 1 - 1e-5  # cosine similarity of equal vectors


Values = dict[str, float]


class StemPrediction(nn.Module):
    """Stage 0: every frame of the stem predicts its own MFCC and cluster, without context."""

    def __init__(self, sizes: Architecture, clusters: int) -> None:
        super().__init__()
        self.trunk = build_trunk("wav2vec2", sizes)
        self.regression = nn.Linear(sizes.channels, MFCC_DIM)
        self.classifier = nn.Linear(sizes.channels, clusters)

    def forward(self, batch: MaskedBatch, progress: float) -> tuple[Tensor, Values]:
        """Return the loss and its curve values; ``progress`` rises from 0 to 1 and stays."""
        features = self.trunk.feature_extractor(batch.waveforms).transpose(1, 2)
        latents = self.trunk.feature_projection.layer_norm(features)
        logits = self.classifier(latents).float().flatten(0, 1)
        clusters = batch.clusters.flatten()
        entropy = functional.cross_entropy(logits, clusters)
        error = functional.mse_loss(self.regression(latents).float(), batch.mfcc)
        hits = logits.argmax(-1) == clusters
        values = {"loss": entropy.item(), "accuracy": hits.float().mean().item(), "mfcc_error": error.item()}
        return entropy + error, values


class MaskedPrediction(nn.Module):
    """HuBERT (Hsu et al. 2021): predict the k-means cluster of each masked frame from its context.

    Logits are cosine similarities of projected outputs with cluster embeddings over ``temperature``. The
    loss of unmasked frames has weight ``unmasked_weight`` at first and fades to zero.
    """

    def __init__(
        self,
        sizes: Architecture,
        clusters: int,
        dim: int = 128,
        temperature: float = 0.1,
        unmasked_weight: float = 0.5,
    ) -> None:
        super().__init__()
        self.trunk = build_trunk("hubert", sizes)
        self.projection = nn.Linear(sizes.width, dim)
        self.embeddings = nn.Parameter(torch.randn(clusters, dim))
        self.temperature = temperature
        self.unmasked_weight = unmasked_weight

    def forward(self, batch: MaskedBatch, progress: float) -> tuple[Tensor, Values]:
        """Return the loss and its curve values; ``progress`` rises from 0 to 1 and stays."""
        mask = batch.mask
        states = self.trunk(batch.waveforms, mask_time_indices=mask).last_hidden_state
        projected = functional.normalize(self.projection(states).float(), dim=-1)
        logits = projected @ functional.normalize(self.embeddings, dim=-1).T / self.temperature
        losses = functional.cross_entropy(logits.flatten(0, 1), batch.clusters.flatten(), reduction="none")
        losses = losses.view_as(mask)
        loss = losses[mask].mean()
        weight = self.unmasked_weight * max(0.0, 1 - progress)
        hits = (logits.argmax(-1) == batch.clusters)[mask]
        values = {"loss": loss.item(), "accuracy": hits.float().mean().item(), "chance": 1 / logits.shape[-1]}
        if weight > 0:
            loss = loss + weight * losses[~mask].mean()
        return loss, values


class Quantiser(nn.Module):
    """Product quantisation by Gumbel-softmax (Baevski et al. 2020, section 2).

    Each of ``groups`` codebooks holds ``codes`` vectors; the chosen ones are concatenated to ``dim`` values.
    """

    def __init__(self, latent_dim: int, groups: int, codes: int, dim: int) -> None:
        super().__init__()
        self.weight_proj = nn.Linear(latent_dim, groups * codes)
        self.codevectors = nn.Parameter(torch.randn(groups, codes, dim // groups))

    def forward(self, latents: Tensor, mask: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """Quantise latents (b, f, d): code vectors (b, f, dim) and the perplexity over masked frames.

        The perplexity is that of the mean code distribution, summed over codebooks: ``groups`` to
        ``groups * codes``.
        """
        groups, codes, _ = self.codevectors.shape
        logits = self.weight_proj(latents).float().unflatten(-1, (groups, codes))
        choice = functional.gumbel_softmax(logits, tau=temperature, hard=True)
        vectors = torch.einsum("bfgc,gcd->bfgd", choice, self.codevectors).flatten(2)
        mean = logits.softmax(-1)[mask].mean(0)
        perplexity = torch.exp(-(mean * torch.log(mean + EPSILON)).sum(-1)).sum()
        return vectors, perplexity

    @torch.no_grad()
    def initialise(self, latents: Tensor, seed: int) -> None:
        """Start from k-means of latents (n, d), each codebook on every other principal component.

        The logits become the log posteriors of an isotropic Gaussian mixture around the centroids, which
        are linear in the latents.
        """
        groups, codes, dim = self.codevectors.shape
        mean = latents.mean(0)
        axes = torch.linalg.svd(latents - mean, full_matrices=False)[2]
        for group in range(groups):
            basis = axes[group::groups][:dim]
            points = (latents - mean) @ basis.T
            means = KMeans(codes, n_init=1, random_state=derive_seed(seed, group)).fit(points.numpy())
            centroids = torch.from_numpy(means.cluster_centers_).float()
            variance = means.inertia_ / points.numel()
            rows = slice(group * codes, (group + 1) * codes)
            weight = centroids @ basis / variance
            self.weight_proj.weight[rows] = weight
            self.weight_proj.bias[rows] = -(centroids**2).sum(1) / (2 * variance) - weight @ mean
            self.codevectors[group] = functional.pad(centroids, (0, dim - len(basis)))


class Contrastive(nn.Module):
    """wav2vec 2.0 (Baevski et al. 2020): tell the quantised latent of a masked frame from distractors.

    The distractors are all other masked frames of the same crop (the paper samples 100 of them); those
    with the target's own codes are left out. The temperature of the quantiser falls from 2 to 0.5; a
    diversity loss keeps its codes in use.
    """

    def __init__(
        self,
        sizes: Architecture,
        groups: int = 2,
        codes: int = 64,
        dim: int = 128,
        temperature: float = 0.1,
        diversity: float = 0.1,
    ) -> None:
        super().__init__()
        self.trunk = build_trunk("wav2vec2", sizes)
        self.quantiser = Quantiser(sizes.channels, groups, codes, dim)
        self.target_projection = nn.Linear(dim, dim)
        self.projection = nn.Linear(sizes.width, dim)
        self.temperature = temperature
        self.diversity = diversity

    def forward(self, batch: MaskedBatch, progress: float) -> tuple[Tensor, Values]:
        """Return the loss and its curve values; ``progress`` rises from 0 to 1 and stays."""
        mask = batch.mask
        outputs = self.trunk(batch.waveforms, mask_time_indices=mask)
        codes, perplexity = self.quantiser(outputs.extract_features, mask, temperature=2 * 0.25**progress)
        predicted = functional.normalize(self.projection(outputs.last_hidden_state).float(), dim=-1)
        targets = functional.normalize(self.target_projection(codes).float(), dim=-1)
        logits = predicted @ targets.transpose(1, 2) / self.temperature
        with torch.autocast(codes.device.type, enabled=False):  # bfloat16 cannot tell 1 from SAME_CODES
            directions = functional.normalize(codes.detach().float(), dim=-1)
            same = directions @ directions.transpose(1, 2) > SAME_CODES
        itself = torch.eye(mask.shape[1], dtype=torch.bool)
        candidates = mask[:, None, :] & (~same | itself)
        logits = logits.masked_fill(~candidates, -torch.inf)[mask]
        truth = torch.arange(mask.shape[1]).expand_as(mask)[mask]
        loss = functional.cross_entropy(logits, truth)
        possible = self.quantiser.weight_proj.out_features
        values = {
            "loss": loss.item(),
            "accuracy": (logits.argmax(-1) == truth).float().mean().item(),
            "chance": (1 / candidates.sum(-1)[mask]).mean().item(),
            "perplexity": perplexity.item(),
        }
        return loss + self.diversity * (possible - perplexity) / possible, values

    @torch.no_grad()
    def initialise_codes(self, waveforms: Tensor, seed: int) -> None:
        """Start the codebooks from the stem's latents of these crops (b, samples)."""
        features = self.trunk.feature_extractor(waveforms).transpose(1, 2)
        self.quantiser.initialise(self.trunk.feature_projection.layer_norm(features).flatten(0, 1), seed)
