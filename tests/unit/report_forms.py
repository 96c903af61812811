"""Every sentence of the report as a pattern, with what looks up its numbers (`report_checks`)."""

import report_checks as checks
from report_numbers import METHODS, MINUS, Form

PAIR = r"<a:a> of <x:first> and <x:second>: what training adds to the random twin "
FORMS: list[Form] = [
    # Page one.
    (r"<a:a>, best scores: <x:found>; n = (?P<n>\d+ (?:unit|trial)s?)\.", checks.best_scores),
    (r"<a:a>: best scores (?P<found>from .+); n = (?P<n>\d+ (?:unit|trial)s?)\.", checks.best_scores),
    (r"Yes, at some layers: in <n:k> of <n:n> pairs? of objectives\.", checks.objective),
    (r"No: less than <f:less> at every layer, in <n:n> pairs? of objectives\.", checks.objective),
    (r"Cannot tell: no layer differs beyond doubt in <n:n> pairs? of objectives\.", checks.objective),
    (
        rf"Largest difference of what training adds: <v:v> \(<x:a> {MINUS} <x:b>, <a:name>, "
        rf"<l:layer>; <p:p> after "
        r"Holm, n = <n:units>\)\.",
        checks.objective,
    ),
    (r"Not always: its peak loses clearly in <n:k> of <n:n> cases?\.", checks.losses),
    (r"No clear loss by its peak in <n:n> cases?\.", lambda run, n: checks.losses(run, n, "0")),
    (
        r"Clear losses of the <n:n> cases? \(model and task\): curve's peak <n:curve>, <x:others>\.",
        checks.losses,
    ),
    (r"Its largest regret: <v:v> in <x:metric> \(<m:m>, <l:layer>, n = <n:n>\)\.", checks.largest_regret),
    (
        r"Better in <n:better>, worse in <n:worse>, tie in <n:tie> of <n:n> cases? \(model and task\)\.",
        checks.cases,
    ),
    (
        r"Advantage of the single layer, <x:told>; paired on (?P<units>\d+(?: to \d+)?) test "
        r"units, Holm over "
        r"models\.",
        checks.advantages,
    ),
    (r"Precision: the median interval of a layer's score is \N{PLUS-MINUS SIGN}<x:told>\.", checks.precision),
    (
        r"It rests on <n:utterances> utterances? \(<n:minutes> min\) of <n:speakers> speakers?:<w:_>\.",
        checks.corpus,
    ),
    (
        r"This report analyses the layers of <n:trained> trained speech models? on the corpus <x:name> "
        r"\(<n:utterances> utterances?, <f:minutes> min, <n:speakers> speakers?\) with the \w+ protocol\."
        r"(?P<rest>.*)",
        checks.abstract,
    ),
    # Curves.
    (
        r"<a:a> of <m:m> is lowest among block layers at <l:layer> \(<v:v>(?:; not "
        r"distinguishable: <s:tie>)?\) and "
        r"rises again to <v:there> at its last block <l:last> \(difference <v:d>\): it returns "
        r"towards its input\.",
        checks.returns,
    ),
    (
        r"<a:a> of <m:m> is lowest among block layers at <l:layer> \(<v:v>(?:; not "
        r"distinguishable: <s:tie>)?\); its "
        r"last block <l:last> \(<v:there>\) is <w:word> that \(difference <v:d>\)\.",
        checks.returns,
    ),
    (
        r"<a:a> of <m:m> is lowest among block layers at <l:layer> \(<v:v>(?:; not "
        r"distinguishable: <s:tie>)?\), its "
        r"last block: it moves away from its input to the end\.",
        lambda run, **said: checks.returns(run, last=None, there=None, d=None, **said),
    ),
    (r"(?P<what><a:_>) of <x:who> cannot be run: <x:reason>\.", checks.cannot),
    (r"(?P<what><e:_>) cannot be run for <x:who>: <x:reason>\.", checks.cannot),
    (PAIR + r"differs at <x:where>, most at <l:most>, by <v:v> \(<p:p>\)\.", checks.pair),
    (
        PAIR + r"differs negligibly at every layer \(by less than <f:less>; most at <l:most>: <v:v>\)\.",
        checks.pair,
    ),
    (PAIR + r"is not distinguishable; the largest difference is <v:v> at <l:most>\.", checks.pair),
    (
        r"<a:a> of <m:m>(?P<shape>:? [^.]*(?:\.\d[^.]*)*)\.(?: At <l:at> it is (?P<controls>.*)\.)?",
        checks.curve,
    ),
    (
        r"<a:a>, shapes over block layers: <x:told> of <n:n> models?; (?:best|lowest) scores from <v:low> "
        r"\(<m:m1>, <l:l1>\) to <v:high> \(<m:m2>, <l:l2>\)\.",
        checks.counted_curves,
    ),
    (
        r"<a:a> rises again to the last block, beyond doubt, in <n:k> of <n:n> models?\.",
        checks.counted_returns,
    ),
    (r"<a:a>: above every control \([\w ,]+\) in <n:k> of <n:n> models?\.", checks.above_controls),
    (
        r"<a:a>: what training adds to the random twin differs at some layer in <n:k> of <n:n> "
        r"pairs? of models "
        r"with different objectives \(tables/curve_contrasts\.csv\)\.",
        checks.counted_pairs,
    ),
    # What scores rest on.
    (
        r"<x:names>: <n:least>(?: to <n:most>)? permuted draws over all sample sets, [^\d]*\.",
        checks.permutations,
    ),
    (
        r"Test rows whose variates leave the training range are kept out: <n:lost> of <n:rows> "
        r"\(<f:share>%\), in "
        r"<n:hit> of <n:layers> layers; most in <a:a> of <m:m> at <l:layer>: <n:worst> of "
        r"<n:among> \(<f:most>%\)\.",
        checks.kept_out,
    ),
    (
        r"<n:units> units? \([\w ,]+\) move the mean score of a layer by more than 0\.05, or "
        r"by more than 0\.01 and "
        r"5 robust standard deviations, in <n:n> cases?; most <x:unit>: <a:a> of <m:m> at "
        r"<l:layer> is <f:score> with "
        r"it and <f:without> without \(tables/influential\.csv\)\.",
        checks.flagged,
    ),
    (
        r"<a:a> and <a:b> of <m:m> contradict each other on the best block layer: <s:tie> "
        r"against <s:other>\.",
        checks.disagree,
    ),
    (r"<m:pair_a> against <m:pair_b>\. (?P<told>Most alike.*)", checks.between),
    # Measures.
    (
        r"Against <a:a>, <e:e> orders the block layers of <n:n> trained models? as follows \(Spearman\): "
        r"<x:told>\.",
        checks.ordered,
    ),
    (r"<e:e>, (?P<told>.*)", checks.measured),
    (
        r"(?P<measure>[\w-]+), (?P<variant>[\w-]+), on <x:corpus>, against <x:source>: <n:k> "
        r"of <n:n> values? "
        r"within <f:tolerance> points; the largest difference is <f:d> points, at <l:layer> of <m:m>\.",
        lambda run, **said: checks.published(run, said),
    ),
    # Tasks.
    (
        r"In (?P<task>[^\d]+), the single layer that is best on dev beats the learned sum of all layers for "
        r"<n:wins>, loses to it for <n:losses> and is not distinguishable from it for <n:ties> of <n:n> "
        r"(?P<group>self-supervised|supervised) models?\.",
        checks.sums,
    ),
    (
        r"<k:k>\. <m:m>: <l:layer>, best on dev, has test <w:metric> <f:single>, the learned "
        r"sum of all layers "
        r"<f:every>; the difference is <v:d> \(<p:p>\): <w:verdict>\. Best on test is "
        r"<l:best>, (?:alone|which does "
        r"not beat <n:others> others?)(?:\. (?P<controls>.*))?\.",
        checks.task,
    ),
    (
        r"<k:k>: test <w:metric> of the single layer that is best on dev, from the best to the "
        r"worst of <n:n> "
        r"models?: <f:best> \(<m:m1>, <l:l1>\) to <f:worst> \(<m:m2>, <l:l2>\)\.",
        checks.counted_task,
    ),
    (
        r"<k:k>, <n:n> (?P<group>self-supervised|supervised) models?: mean regret in <w:metric> is least for "
        r"<x:told>\.",
        checks.regrets,
    ),
    (
        r"<k:k>: rank correlations with the layers' order have an interval above 0 in <n:sure> "
        r"of <n:n> cases? "
        r"\(model and analysis\); on average most <w:most> \(<f:high>\)(?:, least <w:least> \(<f:low>\))?\.",
        checks.ranks,
    ),
    (r"<m:m>: <k:k> and <k:other> rank layers alike with Spearman <v:v>\.", checks.heads),
    # Data.
    (
        r"(?:For tasks, )?<x:name>: <n:utterances> utterances, <f:minutes> minutes, <n:speakers> speakers? "
        r"\(<x:splits>\)\. (?P<rest>.*)",
        checks.described,
    ),
    (r"Licences of what was analysed: <x:told>\.", checks.licences),
    (r"<n:n> exclusions? (?:was|were) made on the way; .*", checks.exclusions),
    (r"<n:n> warnings? (?:was|were) given on <n:utterances> utterances? that .*", checks.warnings),
    (r"Warnings \(<n:n>\) on utterances .*", checks.warnings_alone),
    (r"Rank correlations that are undefined .* \(<n:n>\), and why\.", checks.undefined),
    (r"Exclusions \(<n:n>\), by stage and reason\. Each: tables/exclusions\.csv\.", checks.exclusions),
    (r"Flagged units \((?:the \d+ largest of )?<n:n>\): mean score .*", checks.flags),
    # Method and limits.
    (
        r"Scores are means over <n:sets> sample sets? of <n:trials> trials? each\. .* Intervals hold 95%: .* "
        r"U/\(U - 1\) .* U - 1 degrees .* \(2003\), whose variance \(1/n .*",
        checks.scores,
    ),
    (
        r"Differences of layers .* 5%, .* A difference whose interval lies within <f:f> on "
        r"both sides of 0 is .*",
        checks.negligible,
    ),
    (
        r"<e:e> \(<x:said>\. [^.]*: (?:higher|lower) is better\.(?: A layer that knows nothing "
        r"has <f:floor>\.)? "
        r"The variant <x:main> stands for it where layers are ranked and chosen\.",
        checks.yardstick,
    ),
    (r"The corpus is small \(<n:minutes> min\): .*", checks.small),
    (r"Some models are far smaller .* \(from <f:f> million parameters\): .*", checks.sizes),
    (r"All numbers, .*, are in tables/(?: \([\w., ]+\))?\.(?: Software: <x:told>\.)?", checks.software),
    (r"Cite this software as layerwise <x:told> \(CITATION\.cff\) .* \(2023\), .*", checks.version),
    *((method, checks.always) for method in METHODS),
    (r"(?P<answer>(?:<a:_>: [^.]*\. ?)+)", checks.first_answer),
]
