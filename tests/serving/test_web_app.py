"""What a real server answers over HTTP."""

import json
import re
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_hf_ner import as_hf_entities, as_tags
from tests.rewriting.extras import needs_gazetteers
from tests.serving.models import TEXTS, expect, read_alone
from tests.serving.servers import Server

LINES = "application/x-ndjson"


def test_one_text_is_answered_as_the_pipeline_reads_it(server: Server, nlp: Language) -> None:
    answer = server.ask("POST", "/v1/entities", {"texts": TEXTS[0]})
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    expected = read_alone(nlp, TEXTS[0])
    assert expected
    assert answer.json == {"model": "news", "results": [{"entities": expect(expected)}]}


def test_many_texts_are_answered_in_their_order(server: Server, nlp: Language) -> None:
    answer = server.ask("POST", "/v1/entities", {"texts": TEXTS, "model": "second"})
    results = [{"entities": expect(read_alone(nlp, text))} for text in TEXTS]
    assert answer.json == {"model": "second", "results": results}


def test_a_threshold_and_types_choose_entities(server: Server, nlp: Language) -> None:
    entities = [entity for text in TEXTS for entity in read_alone(nlp, text)]
    scores = sorted(entity["score"] for entity in entities)
    threshold = (scores[0] + scores[-1]) / 2
    body = {"texts": TEXTS, "threshold": threshold}
    found = server.ask("POST", "/v1/entities", body).json["results"]
    sure = [entity for entity in entities if entity["score"] >= threshold]
    assert 0 < len(sure) < len(entities)
    assert [entity for result in found for entity in result["entities"]] == expect(sure)

    kind = entities[0]["label"]
    body = {"texts": TEXTS, "types": [kind], "threshold": {kind: threshold}}
    found = server.ask("POST", "/v1/entities", body).json["results"]
    sure = [entity for entity in sure if entity["label"] == kind]
    assert [entity for result in found for entity in result["entities"]] == expect(sure)


def test_entities_come_in_the_form_of_others(server: Server, nlp: Language) -> None:
    doc = nlp(TEXTS[0])
    found: dict[str, Any] = {}
    for form in ("hf", "spacy", "bio", "presidio"):
        body = {"texts": TEXTS[0], "format": form}
        (found[form],) = server.ask("POST", "/v1/entities", body).json["results"]
    assert found["hf"]["entities"] == expect([dict(entity) for entity in as_hf_entities(doc)])
    assert found["bio"] == {"tokens": [token.text for token in doc], "tags": as_tags(doc)}
    read = Doc(nlp.vocab).from_json(found["spacy"])
    assert [(ent.text, ent.label_) for ent in read.ents] == [(e.text, e.label_) for e in doc.ents]
    offsets = [(entity["start"], entity["end"]) for entity in found["presidio"]["entities"]]
    assert offsets == [(entity.start_char, entity.end_char) for entity in doc.ents]


def test_a_bad_text_fails_alone(server: Server, nlp: Language) -> None:
    # Half of a surrogate pair, which JSON can write and no text can hold, and things that are none.
    body = json.dumps({"texts": [TEXTS[0], "\ud83d", 3, None, TEXTS[1]]}).encode()
    answer = server.ask("POST", "/v1/entities", body)
    assert answer.status == 200
    first, half, number, nothing, last = answer.json["results"]
    assert first == {"entities": expect(read_alone(nlp, TEXTS[0]))}
    assert last == {"entities": expect(read_alone(nlp, TEXTS[1]))}
    assert half["error"].startswith("UnicodeEncodeError")
    assert number == {"error": "expected a text, got int"}
    assert nothing == {"error": "expected a text, got NoneType"}


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"{", 400, "expected JSON in UTF-8"),
        (b"\xff", 400, "expected JSON in UTF-8"),
        (b"[" * 19_000, 400, "expected JSON in UTF-8"),
        ({}, 422, "texts: Field required"),
        ([], 422, "body: Input should be a valid dictionary"),
        ({"texts": [], "treshold": 1}, 422, "treshold: Extra inputs are not permitted"),
        ({"texts": [], "threshold": 2}, 422, "threshold"),
        ({"texts": [], "threshold": {"PER": 0.5, "NO": 1}}, 422, "threshold"),
        ({"texts": [], "types": ["PERSON"]}, 422, "types must be among PER, ORG, LOC, MISC"),
        (
            {"texts": [], "format": "xml"},
            422,
            "format: Value error, expected one of own, hf, spacy",
        ),
        ({"texts": [], "model": "third"}, 404, "model must be one of news, second, got 'third'"),
        ({"texts": [""] * 9}, 413, "expected a request to have at most 8 texts, got 9"),
        ({"texts": ["", "x" * 5_001]}, 413, "expected text 1 to have at most 5,000 characters"),
        ({"texts": ["x" * 5_000] * 8}, 413, "expected a body to have at most 20,000 bytes"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(
    server: Server, body: Any, status: int, sentence: str
) -> None:
    answer = server.ask("POST", "/v1/entities", body)
    assert answer.status == status
    assert sentence in answer.json["error"]


def test_a_path_that_is_not_there_is_named(server: Server) -> None:
    answer = server.ask("GET", "/v1/entitys")
    assert (answer.status, answer.json) == (
        404,
        {"error": "GET /v1/entitys: Not Found. See /docs."},
    )
    assert server.ask("GET", "/v1/entities").status == 405


def test_a_stream_of_lines_is_answered_line_by_line(server: Server, nlp: Language) -> None:
    lines = [
        json.dumps({"id": "a", "text": TEXTS[0]}),
        json.dumps(TEXTS[1]),
        "",
        "{nonsense",
        json.dumps({"id": 7, "text": "x" * 5_001}),
        json.dumps("x" * 20_001),
        json.dumps({"text": TEXTS[4]}),
    ]
    body = "\n".join(lines).encode()
    answer = server.ask("POST", "/v1/entities?format=own", body, content_type=LINES)
    assert (answer.status, answer.headers["content-type"]) == (200, LINES)
    first, second, nonsense, long, longer, last = answer.lines
    assert first == {"index": 0, "id": "a", "entities": expect(read_alone(nlp, TEXTS[0]))}
    assert second == {"index": 1, "entities": expect(read_alone(nlp, TEXTS[1]))}
    assert "expected a line of JSON" in nonsense["error"]
    assert (long["index"], long["id"]) == (3, 7)
    assert "at most 5,000 characters, got 5,001" in long["error"]
    assert "at most 20,000 bytes" in longer["error"]
    assert last == {"index": 5, "entities": expect(read_alone(nlp, TEXTS[4]))}


def test_the_options_of_a_stream_are_in_its_query(server: Server, nlp: Language) -> None:
    query = "?format=hf&types=PER,LOC&threshold=PER%3D0.5&threshold=LOC%3D0.1"
    answer = server.ask(
        "POST", f"/v1/entities{query}", json.dumps(TEXTS[0]).encode(), content_type=LINES
    )
    expected: list[dict[str, Any]] = []
    for entity in as_hf_entities(nlp(TEXTS[0])):
        lowest = {"PER": 0.5, "LOC": 0.1}.get(entity["entity_group"], 2)
        if (entity["score"] or 0) >= lowest:
            expected.append(dict(entity))
    assert answer.lines == [{"index": 0, "entities": expect(expected)}]
    refused = server.ask("POST", "/v1/entities?format=xml", b"", content_type=LINES)
    assert refused.status == 422


def test_a_long_stream_is_read_to_its_end_before_anybody_takes_an_answer(
    server: Server, nlp: Language
) -> None:
    # Far more than the limits of a body, and than what sockets hold.
    n_lines = 3_000
    body = b"\n".join(json.dumps({"id": i, "text": TEXTS[i % 5]}).encode() for i in range(n_lines))
    answer = server.ask("POST", "/v1/entities", body, content_type=LINES)
    expected = [expect(read_alone(nlp, text)) for text in TEXTS]
    assert len(answer.lines) == n_lines
    for i, line in enumerate(answer.lines):
        assert line == {"index": i, "id": i, "entities": expected[i % 5]}


def test_names_are_rewritten(server: Server, nlp: Language) -> None:
    entities = read_alone(nlp, TEXTS[0])
    body = {"texts": [TEXTS[0], ""], "how": "redact"}
    first, empty = server.ask("POST", "/v1/rewrite", body).json["results"]
    redacted = TEXTS[0]
    for entity in reversed(entities):
        redacted = f"{redacted[: entity['start']]}[{entity['label']}]{redacted[entity['end'] :]}"
    assert first["text"] == redacted
    assert first["n_replaced"] == len(entities)
    assert "table" not in first
    assert empty["text"] == ""


def test_a_stream_of_lines_is_rewritten(server: Server) -> None:
    body = json.dumps({"id": 1, "text": TEXTS[0]}).encode()
    query = "?how=mask&table=true"
    (line,) = server.ask("POST", f"/v1/rewrite{query}", body, content_type=LINES).lines
    assert "*" in line["text"]
    for row in line["table"]:
        assert TEXTS[0][row["old_start"] : row["old_end"]] == row["old"]
        assert line["text"][row["new_start"] : row["new_end"]] == row["new"]


def test_hashes_are_the_same_in_all_requests(server: Server) -> None:
    body = {"texts": TEXTS[0], "how": "hash"}
    answers = [server.ask("POST", "/v1/rewrite", body).json for _ in range(2)]
    assert answers[0] == answers[1]
    assert "_" in answers[0]["results"][0]["text"]


@needs_gazetteers
def test_what_a_rewriting_lacks_is_said(server: Server) -> None:
    for options in ({"how": "pseudonym", "locale": "xx_XX"}, {"how": "analogy"}):
        answer = server.ask("POST", "/v1/rewrite", {"texts": "", **options})
        assert answer.status == 422
        assert "must be" in answer.json["error"]
    assert server.ask("POST", "/v1/rewrite", {"texts": "", "how": "eat"}).status == 422
    # No file of the server can be named.
    body = {"texts": "", "how": "pseudonym", "key_file": "/etc/passwd"}
    assert "key_file: Extra inputs" in server.ask("POST", "/v1/rewrite", body).json["error"]


def test_health_and_models_are_told(server: Server) -> None:
    assert server.ask("GET", "/healthz").json == {"alive": True}
    assert server.ask("GET", "/readyz").json == {"ready": True}
    models = server.ask("GET", "/v1/models").json["models"]
    assert [model["name"] for model in models] == ["news", "second"]
    assert models[0]["types"] == ["PER", "ORG", "LOC", "MISC"]


def test_metrics_count_requests_texts_and_batches_and_hold_no_text(server: Server) -> None:
    before = read_counts(server)
    server.ask("POST", "/v1/entities", {"texts": ["Sesquipedalian", 3], "model": "second"})
    server.ask("POST", "/nowhere/Sesquipedalian")
    after = read_counts(server)

    def count(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert count('hf_ner_requests_total{path="/v1/entities",status="200"}') == 1
    assert count('hf_ner_requests_total{path="other",status="404"}') == 1
    assert count('hf_ner_texts_total{model="second",outcome="answered"}') == 1
    assert count('hf_ner_texts_total{model="second",outcome="failed"}') == 1
    assert count('hf_ner_batch_texts_count{model="second"}') == 1
    assert after['hf_ner_waiting_characters{model="second"}'] == 0
    assert not any("Sesquipedalian" in name for name in after)


def read_counts(server: Server) -> dict[str, float]:
    lines = server.ask("GET", "/metrics").body.decode().splitlines()
    counts: dict[str, float] = {}
    for line in lines:
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            counts[name] = float(value)
    return counts


def test_the_interface_describes_itself(server: Server) -> None:
    schema = server.ask("GET", "/openapi.json").json
    body = schema["paths"]["/v1/entities"]["post"]["requestBody"]["content"]
    fields = body["application/json"]["schema"]["properties"]
    assert {"texts", "model", "threshold", "types", "format"} == set(fields)
    assert LINES in body
    assert schema["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_the_page_of_the_interface_needs_nothing_from_elsewhere(server: Server) -> None:
    page = server.ask("GET", "/docs").body.decode()
    addresses = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert addresses
    for address in addresses:
        assert address.startswith("/")
        assert server.ask("GET", address).status == 200
