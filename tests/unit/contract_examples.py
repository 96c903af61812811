"""A small table that keeps each contract: rows of a finished run, and what such a run lacks."""

from io import StringIO

import pandas as pd

from layerwise.contracts import alignment, corpus, measures, samples, scores, tasks, vectors
from layerwise.contracts.run_tables import RUN_TABLES
from layerwise.contracts.spec import Table

TABLES: dict[str, Table] = {
    "manifest": corpus.MANIFEST,
    "excluded": corpus.EXCLUDED,
    "warnings": corpus.WARNINGS,
    "splits": corpus.SPLIT_COUNTS,
    "intervals": alignment.INTERVALS,
    "quality": alignment.QUALITY,
    "mfa_dropped": alignment.MFA_DROPPED,
    "mfa_speech": alignment.MFA_SPEECH,
    "compared": alignment.COMPARED,
    "worst": alignment.WORST,
    "boundary_agreement": alignment.BOUNDARY_AGREEMENT,
    "sample": samples.SAMPLE,
    "segments": samples.SEGMENTS,
    "selection": corpus.SELECTION,
    "vectors": vectors.VECTORS,
    "missing_vectors": vectors.MISSING_VECTORS,
    "scores": scores.SCORES,
    "units": scores.UNITS,
    "nulls": scores.NULLS,
    "sizes": scores.SIZES,
    "traits": scores.TRAITS,
    "infeasible": scores.INFEASIBLE,
    "foreseen": scores.FORESEEN,
    "inter": scores.INTER,
    "measured": measures.VALUES,
    "measures_excluded": measures.LEFT_OUT,
    "measures_infeasible": measures.CANNOT,
    "task_scores": tasks.TASK_SCORES,
    "task_weights": tasks.TASK_WEIGHTS,
    "task_curves": tasks.TASK_CURVES,
    "task_exclusions": tasks.TASK_EXCLUSIONS,
    "task_cautions": tasks.TASK_CAUTIONS,
    "task_decodes": tasks.TASK_DECODES,
    "task_utterances": tasks.TASK_UTTERANCES,
    **{f"tables/{name}": table for name, table in RUN_TABLES.items()},
}
TEXTS = {
    "manifest": """
utt_id,speaker,split,audio_path,samples,sample_rate,text,sha256,scenario
0012,allison,train,prompts/audio/activated.ogg,17024,16000,activated,c2f93cba22016df2,call-features
NA,allison,dev,prompts/audio/added.ogg,11570,16000,added,754535f55a6ae9e7,
agent-alreadyon,,test,prompts/audio/agent.ogg,88262,8000,that agent is already on,3412ad57927e1c6a,login
""",
    "excluded": """
utt_id,audio_path,reason
silence,prompts/audio/silence.ogg,empty text
null,prompts/audio/null.ogg,longer than 30 s
""",
    "warnings": """
utt_id,audio_path,warning
beep,prompts/audio/beep.ogg,clipped: 12 samples
beep,prompts/audio/beep.ogg,silent
""",
    "splits": """
split,utterances,speakers,seconds,shared_speakers,listed,published,caution
train,23000,77,52000.5,0,23132,23132,
dev,60,1,190.25,0,,,
test,0,0,0,0,0,3793,no utterance
""",
    "selection": """
utt_id,audio_path,samples,sample_rate,sha256
0012,prompts/audio/activated.ogg,17024,16000,c2f93cba22016df2
NA,prompts/audio/added.ogg,11570,16000,754535f55a6ae9e7
""",
    "intervals": """
utt_id,tier,start,end,label,word_index
activated,phone,0.05,0.2,AE,0
activated,phone,0.2,0.31,K,0
activated,word,0.05,0.31,ack,0
added,phone,0.0,0.08,AE,0
""",
    "quality": """
utt_id,status,reason,score,words,phones
activated,aligned,,-2.0990950469965775,1,9
added,aligned,,,1,4
silence,failed,no path through the beam,,0,0
""",
    "mfa_dropped": """
utt_id,reason
long,"700 s long, more than 600 s; cut it into utterances"
""",
    "mfa_speech": """
utt_id,speech
activated,0.97
silence,0.0
""",
    "sample": """
kind,utt_id,speaker,label,start,end,segment
phone,activated,allison,AE,0.05,0.2,0
utterance,activated,allison,,0.0,1.064,-1
word,activated,allison,ack,0.05,0.31,0
""",
    "segments": """
kind,utt_id,speaker,label,start,end
phone,activated,allison,AE,0.05,0.2
word,activated,allison,ack,0.05,0.31
""",
    "vectors": """
label,0,1
ack,0.25,-1.5
null,0.5,0.125
""",
    "missing_vectors": """
label,segments
iax,3
NA,1
""",
    "scores": """
model,layer,layer_index,analysis,sample,trial,score,low,high,null,epsilon_x,epsilon_y,n_train,n_dev,n_test,n_excluded,dim_x,dim_y
hubert,C2,-2.0,cca-intra,0,0,0.5462318940349997,0.54412387,0.5481698,-0.00207174,1e-05,1e-09,17870,2259,2231,3,192,256
hubert,T6+ln,6.5,cca-intra,0,0,1.0000000000000002,,,,,,17870,0,2231,0,192,500
""",
    "units": """
model,layer,layer_index,analysis,sample,unit,rows,excluded,contribution,influence
hubert,T0,0.0,cca-phone,0,0012,9,0,0.0012,-0.0007
hubert,T0,0.0,cca-phone,0,NA,0,4,-0.0012,0.0007
""",
    "nulls": """
model,layer,layer_index,analysis,sample,permutation,score,search
hubert,T0,0.0,cca-phone,0,0,0.0123,grid
hubert,T0,0.0,cca-phone,0,1,-0.0012,chosen
""",
    "sizes": """
model,layer,layer_index,analysis,sample,parts,n_train,score
hubert,T0,0.0,cca-phone,0,1,223.5,0.31
hubert,T0,0.0,cca-phone,0,2,447.0,0.42
""",
    "traits": """
model,layer,layer_index,analysis,sample,effective_rank,ceiling,control
hubert,T0,0.0,cca-phone,0,23.5,0.97,0.12
hubert,T1,1.0,cca-phone,0,,,
""",
    "infeasible": """
model,analysis,sample,reason
hubert,cca-word,0,"3 words in three utterances or more, 20 are needed"
""",
    "measured": """
model,layer,layer_index,measure,variant,value,low,high,n
hubert,T0,0.0,abx,within,0.125,0.1,0.15,1200
hubert,T1,1.0,abx,within,0.0625,,,1200
""",
    "measures_excluded": """
model,measure,item,reason
hubert,abx,12 phones,end after the last frame
hubert,abx,3 phones,of a single speaker
""",
    "measures_infeasible": """
model,measure,reason
hubert,word-map,"the sampled utterances have no aligned words"
logmel,word-map,"the sampled utterances have no aligned words"
""",
    "foreseen": """
analysis,sample,reason
cca-speaker,0,two speakers are needed
""",
    "inter": """
model_a,layer_a,layer_index_a,model_b,layer_b,layer_index_b,analysis,trial,score,low,high,null,epsilon_x,epsilon_y,n_train,n_dev,n_test,n_excluded,dim_x,dim_y
hubert,T0,0.0,whisper,T1,1.0,cca-inter,0,0.31,0.3,0.32,0.01,1e-05,1e-09,1780,225,223,0,192,384
hubert,T1,1.0,whisper,T1,1.0,cca-inter,0,0.35,0.34,0.36,0.02,1e-05,1e-09,1780,225,223,1,192,384
""",
    "task_scores": """
model,task,layer,seed,learning_rate,split,metric,value,low,high
hubert,pr,T0,1,0.01,dev,per,0.44788441692466463,0.41,0.48
hubert,pr,all,1,0.01,test,per,1.25,,
""",
    "task_weights": """
model,task,layer,seed,weight
hubert,pr,T0,1,0.47931156
hubert,pr,T1,1,0.52068844
""",
    "task_curves": """
model,task,layer,seed,learning_rate,epoch,loss,dev,status
hubert,pr,T0,1,0.01,1,24.229332681912094,0.8596491228070176,improved
hubert,pr,T0,1,0.01,2,5.733182483644628,0.7481944140478845,improved
""",
    "task_exclusions": """
model,task,utt_id,split,reason
hubert,pr,NA,train,no phone intervals: not aligned
""",
    "task_cautions": """
model,task,kind,subject,count,note
hubert,pr,unknown label,ZH,2,a phone of test that train lacks: an error wherever it occurs
""",
    "task_decodes": """
model,task,layer,seed,utt_id,reference,predicted
hubert,pr,T0,1,0012,N OW,
hubert,pr,all,1,0012,N OW,N AO
""",
    "task_utterances": """
model,task,metric,layer,seed,split,utt_id,speaker,count,total
hubert,pr,per,T0,1,dev,0012,allison,2.0,2.0
hubert,pr,per,all,1,test,NA,,0.0,3.0
""",
    "tables/layer_scores": """
model,layer,layer_index,analysis,sample,trial,score
hubert,C2,-2.0,cca-intra,0,0,0.5462318940349997
hubert,C2,-2.0,cca-intra,0,1,0.5463521232166157
""",
    "tables/layer_summary": """
model,layer,layer_index,analysis,score,low,high,null,calibrated,p,n_units,n_rows,tie,control,selectivity,ceiling,effective_rank,excluded,permutations,search,n
hubert,C2,-2.0,cca-intra,0.5444439209883867,0.5426948,0.5461930,-0.00010137,0.5444,0.0016,40,6690,no,0.1,0.44,0.97,23.5,3,600,grid,30
hubert,C3,-1.0,cca-intra,0.6223811278768248,,,,,,0,223,yes,,,,,0,0,,1
""",
    "tables/peaks": """
model,analysis,layer,layer_index,score,p,p_holm,tie,n_tie,n_layers,shape
hubert,cca-phone,T4,4.0,0.62,0.0016,0.032,T4 T5,2,7,plateau
logmel,cca-phone,T0,0.0,0.12,,,T0,1,1,too little data
""",
    "tables/influential": """
model,layer,analysis,unit,rows,score,influence
whisper,T0,cca-phone,0012,81,0.57,-0.11
whisper,T1,cca-phone,NA,9,0.58,0.02
""",
    "tables/learning": """
model,layer,layer_index,analysis,parts,n_train,score
hubert,T0,0.0,cca-phone,1,223.5,0.31
hubert,T0,0.0,cca-phone,2,447.0,0.42
""",
    "worst": """
utt_id,score,words,phones,seconds,text
0012,-3.61,1,3,0.81,bar
NA,-2.45,2,7,1.5,"one, two"
""",
    "tables/regularisers": """
model,layer,layer_index,analysis,epsilon_x,epsilon_y,times
hubert,T0,0.0,cca-phone,0.1,0.1,9
hubert,T0,0.0,cca-phone,0.0001,0.1,1
""",
    "tables/label_errors": """
model,task,layer,label,n,substituted,deleted,inserted
hubert,pr,T0,AA,12,3,1,0
hubert,pr,all,NA,2,0,0,1
""",
    "tables/confusions": """
model,task,layer,reference,predicted,times
hubert,pr,all,AA,AA,8
hubert,pr,all,,NA,1
hubert,pr,all,NA,,1
""",
    "tables/training": """
model,task,layer,seed,learning_rate,epoch,loss,dev,status
hubert,pr,T0,1,0.01,1,24.229332681912094,0.8596491228070176,improved
hubert,pr,all,1,0.001,1,,0.75,improved
""",
    "tables/chance": """
model,task,metric,answer,n,value
hubert,ic,accuracy,decrease heat NA,40,0.125
hubert,own,accuracy,,40,0.5
""",
    "tables/control_contrasts": """
model,analysis,layer,control,control_layer,difference,low,high,p,p_holm,n
hubert,cca-mel,T0,random-hubert,T3,0.28886810788098743,0.2822387,0.2954974,1e-09,2e-09,40
hubert,cca-word,T4,logmel,T0,0.1,-inf,inf,,,1
""",
    "tables/curve_contrasts": """
model_a,model_b,analysis,layer,difference,low,high,p,p_holm,n,seeds_a,seeds_b
hubert,wav2vec2,cca-intra,T1,0.0299,0.0274,0.0323,0.001,0.002,40,1,3
hubert,wav2vec2,cca-intra,T2,-0.0235,-inf,inf,,,1,1,1
""",
    "tables/downstream": """
model,task,layer,seed,learning_rate,split,metric,value
hubert,pr,T0,1,0.01,dev,per,0.44788441692466463
hubert,pr,all,1,0.01,test,per,0.39800995024875624
""",
    "tables/downstream_summary": """
model,task,layer,metric,value,low,high
hubert,pr,T0,per,0.39800995024875624,0.36,0.43
hubert,pr,all,per,0.40,,
""",
    "tables/task_peaks": """
model,task,metric,layer,value,tie,n_tie,n_layers,n
hubert,pr,per,T1,0.40,T1 T2,2,7,60
hubert,scenario,accuracy,T6+ln,0.35,T6+ln,1,8,60
""",
    "tables/single_weighted": """
model,task,metric,layer,single,all,difference,low,high,p,p_holm,verdict,n
hubert,pr,per,T1,0.40,0.38,0.02,0.01,0.03,0.001,0.002,all,60
hubert,scenario,accuracy,T1,0.35,0.35,0.0,-inf,inf,,,tie,1
""",
    "tables/task_contrasts": """
model,task,metric,layer,control,control_layer,difference,low,high,p,p_holm,n
hubert,pr,per,T1,random-hubert,T3,-0.1,-0.12,-0.08,0.001,0.002,60
hubert,scenario,accuracy,T1,logmel,T0,0.05,-inf,inf,,,1
""",
    "tables/choice": """
model,task,strategy,layer,metric,value,regret,low,high,n
hubert,pr,cca-phone,T4,per,0.40,-0.002,-0.01,0.006,60
hubert,pr,average,,per,0.44,0.04,-inf,inf,1
""",
    "tables/agreement": """
model,task,analysis,spearman,kendall,low,high,n_layers
hubert,pr,cca-intra,0.6785714285714287,0.5238095238095238,0.5,0.8,7
hubert,pr,weights,-1.0000000000000002,-1.0,,,8
""",
    "tables/head_agreement": """
model,task_a,task_b,spearman,kendall,low,high,n_layers
hubert,pr,pr-mlp,0.6785714285714287,0.5238095238095238,0.5,0.8,7
hubert,scenario,scenario-mlp,-1.0000000000000002,-1.0,,,8
""",
    "tables/last_block_contrasts": """
model,analysis,last,layer,difference,low,high,p,p_holm,n
hubert,cca-intra,T6,T1,-0.2177,-0.2214,-0.2140,0.001,0.002,40
hubert,cca-intra,T6,T6,0.0,-inf,inf,,,1
""",
    "tables/weights": """
model,task,layer,layer_index,seed,weight
hubert,pr,T0,0.0,1,0.47931156
hubert,pr,T6+ln,6.5,1,0.52068844
""",
    "tables/omissions": """
model,task,analysis,reason
logmel,pr,cca-phone,shared layers: 1; at least 3 are needed
hubert,,cca-word,"sample set 0: 3 words, 20 are needed"
""",
    "tables/measures": """
model,layer,measure,variant,value,low,high,n
hubert,T0,abx,within,0.125,0.1,0.15,1200
hubert,T1,abx,within,0.0625,,,1200
""",
    "tables/measure_agreement": """
model,first,first_variant,second,second_variant,spearman,kendall,low,high,n_layers
hubert,cca-phone,,abx,within,0.9,0.8,0.5,1.0,5
hubert,abx,within,word-map,tool,-0.3,-0.2,,,5
""",
    "tables/side_by_side": """
model,layer,cca-phone,abx:within
hubert,C1,0.25,
hubert,T0,0.5,0.125
""",
    "tables/published": """
model,layer,measure,variant,corpus,value,low,high,n,published,difference,within,tolerance,source,commit
hubert,T0,abx,within,LibriSpeech dev-clean,0.0975,0.09,0.105,1200,0.097,0.0005,yes,0.001,paper,12692ea
hubert,T1,abx,within,LibriSpeech dev-clean,0.075,,,1200,0.0725,0.0025,no,0.001,paper,12692ea
""",
    "tables/measure_omissions": """
model,measure,reason
hubert,word-map,"the sampled utterances have no aligned words"
logmel,word-map,"the sampled utterances have no aligned words"
""",
    "tables/exclusions": """
stage,item,reason
corpus,silence,empty text
task pr,NA,no phone intervals: not aligned
""",
    "tables/utterances": """
utt_id,split,seconds,status
0012,train,1.064,aligned
NA,dev,0.723125,failed
""",
    "tables/splits": """
corpus,split,utterances,speakers,seconds,shared_speakers,listed,published,caution
,train,439,1,1100.5,0,,,
012,test,3793,10,9000.5,2,3793,3793,NA
""",
    "tables/warnings": """
corpus,utt_id,warning
,0012,clipped: 12 samples
012,NA,silent
""",
    "tables/segments": """
tier,label,segments
phone,AH,1303
word,null,1
""",
    "boundary_agreement": """
tier,group,boundary,utterances,boundaries,compared,bias_ms,median_ms,within_10ms,within_20ms,within_50ms
word,all,start,4,6,5,-10.0,15.0,0.4,0.8,1.0
phone,vowels,both,0,6,0,,,,,
""",
}
TEXTS |= {"compared": TEXTS["quality"], "tables/inter_scores": TEXTS["inter"]}


def example(name: str) -> pd.DataFrame:
    """A table that keeps its contract, typed by hand: it must not owe its types to what is tested."""
    table = TABLES[name]
    text = {column.name: str for column in table.columns if column.kind == "text"}
    if name == "manifest":
        text["scenario"] = str
    frame = pd.read_csv(StringIO(TEXTS[name].lstrip()), dtype=text, na_filter=False)
    for column in table.all_columns(tuple(frame.columns)):
        if column.kind == "number" and column.name in frame:
            frame[column.name] = [float(cell) if cell != "" else float("nan") for cell in frame[column.name]]
    return frame.astype({"0": "float32", "1": "float32"}) if name == "vectors" else frame
