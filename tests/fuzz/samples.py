"""A small file of each format that is a text, as others write them."""

from typing import Final

__all__ = ["SAMPLES"]

_CONLL = """-DOCSTART- -X- O O

EU NNP I-NP B-ORG
rejects VBZ I-VP O
German JJ I-NP B-MISC
call NN I-NP O

Peter NNP I-NP B-PER
Blackburn NNP I-NP I-PER
"""

_TABS = """Tim\tB-person
Cook\tI-person
#NFL\tB-group
, \tO
\t
@ann\tO
"""

_HEADER = """word\tpos\ttag
Rome\tNNP\tB-LOC
falls\tVBZ\tO
"""

_PLUS = """# global.columns = ID FORM NER
# sent_id = 1
# text = Tim Cook met Ann.
1\tTim\tB-PER
2\tCook\tI-PER
3\tmet\tO
4\tAnn\tB-PER
5\t.\tO
"""

_NUMBERED = """# http://a.b/c [2009-10-17]
1\tSchartau\tB-PER\tO
2\tsagte\tO\tO
3\tdem\tO\tO
4\tTagesspiegel\tB-ORG\tB-LOC
"""

_IOBES = """Angela B-PER
Merkel E-PER
in O
Berlin S-LOC
"""

_BARE = """NASA organization
flew O
New place
York place
"""

_CONLLU = """# newdoc id = d1
# sent_id = 1
# text = Vamonos al U.S. mar.
1-2\tVamonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tVamos\tir\tVERB\t_\t_\t0\troot\t_\tname=O
2\tnos\tnos\tPRON\t_\t_\t1\tobj\t_\tname=O
3\tal\tal\tADP\t_\t_\t1\tcase\t_\tname=O
4\tU.S.\tUS\tPROPN\t_\t_\t1\tobl\t_\tname=B-LOC
4.1\tx\tx\tX\t_\t_\t_\t_\t_\t_
5\tmar\tmar\tNOUN\t_\t_\t4\tflat\t_\tname=I-LOC|SpaceAfter=No
6\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\tname=O

"""

_CSV = '''Sentence #,Word,POS,Tag
Sentence: 1,Thousands,NNS,O
,of,IN,O
,London,NNP,B-geo
,",",",",O
,"""",``,O
Sentence: 2,Iranian,JJ,B-gpe
'''

_JSONL = """{"text": "Tim Cook met Ann.", "spans": [{"start": 0, "end": 8, "label": "PER"}]}
{"text": "No one \\ud83d\\ude00 here", "spans": [], "answer": "accept"}
{"text": "Rome", "answer": "ignore"}
{"text": " ", "spans": []}
"""

_WORDS = """{"tokens": ["Tim", "met", "Ann"], "ner_tags": ["B-PER", "O", "B-PER"]}
{"tokens": ["Rome"], "ner_tags": ["B-LOC"]}
"""

_ARRAY = """[{"text": "Tim Cook met Ann.", "entities": [{"span": [0, 8], "type": "PER"}]},
{"text": "Rome", "entities": [{"span": [0, 4], "type": "LOC"}]}]"""

_STUDIO = """[{"data": {"text": "Tim Cook met Ann."}, "annotations": [{"result": [
{"value": {"start": 0, "end": 8, "labels": ["PER"]}, "from_name": "label", "to_name": "text",
"type": "labels"}]}]}]"""

_DOCCANO = """{"text": "Tim Cook met Ann.", "label": [[0, 8, "PER"], [13, 16, "PER"]]}
{"text": "Rome", "labels": [[0, 4, "LOC"]]}
"""

_ANN = """T1\tPER 0 8\tTim Cook
T2\tPER 13 16\tAnn
T3\tLOC 18 21;25 28\tNew Bay
R1\tmet Arg1:T1 Arg2:T2
#1\tAnnotatorNotes T1\ta note
"""

_ANN_TEXT = "Tim Cook met Ann. New old Bay\n"

SAMPLES: Final = {
    "four_columns.conll": _CONLL,
    "tabs.conll": _TABS,
    "header.tsv": _HEADER,
    "plus.conll": _PLUS,
    "numbered.tsv": _NUMBERED,
    "iobes.txt": _IOBES,
    "bare.tsv": _BARE,
    "ranges.conllu": _CONLLU,
    "quoted.csv": _CSV,
    "prodigy.jsonl": _JSONL,
    "words.jsonl": _WORDS,
    "array.json": _ARRAY,
    "studio.json": _STUDIO,
    "doccano.jsonl": _DOCCANO,
    "brat.ann": _ANN,
    "brat.txt": _ANN_TEXT,
}
