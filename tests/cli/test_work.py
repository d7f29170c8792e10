"""ingest, search, ask and doctor on a tiny folder, with the real models and no service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.commands import Result, footnote, invoke

Filled = tuple[Path, Result]


def test_ingest_reports_each_failed_file_and_keeps_the_others(filled: Filled) -> None:
    _, result = filled
    assert result.status == 1  # one file could not be read
    (failed,) = [line for line in result.out.splitlines() if "broken.pdf" in line]
    assert "[" in failed
    assert "partial" in result.out
    assert "Traceback" not in result.err


def test_ingest_again_changes_nothing(filled: Filled, folder: Path) -> None:
    counts = invoke("ingest", str(folder), "-c", "works", "--data", str(filled[0]), "--json").json()["counts"]
    assert counts["unchanged"] == 2
    assert counts["added"] == counts["replaced"] == 0


def test_ingest_with_delete_missing(tmp_path: Path) -> None:
    documents, data = tmp_path / "documents", str(tmp_path / "data")
    documents.mkdir()
    for name in ("one.txt", "two.txt"):
        (documents / name).write_text(f"This is the text of {name}.\n")
    first = invoke("ingest", str(documents), "--report", "--data", data)
    assert first.status == 0
    assert "By format" in first.out
    assert [line.split()[3] for line in first.out.splitlines() if line.startswith("│ txt")] == ["2"]
    (documents / "one.txt").unlink()
    result = invoke("ingest", str(documents), "--delete-missing", "--data", data, "--json")
    assert result.status == 0
    assert result.json()["counts"]["removed"] == 1


def test_search_finds_the_passage(filled: Filled) -> None:
    result = invoke(
        "search", "working pressure of the pump", "-c", "works", "--data", str(filled[0]), "--json"
    )
    first = result.json()["hits"][0]
    assert first["source"] == "manuals/pump.md"
    assert "16 bar" in first["text"]


def test_search_in_text_shows_place_and_explains(filled: Filled) -> None:
    result = invoke(
        "search", "working pressure of the pump", "-c", "works", "--data", str(filled[0]), "--explain"
    )
    assert result.status == 0
    assert "manuals/pump.md" in result.out
    assert "Pressure" in result.out
    assert "dense" in result.out
    assert "lexical" in result.out


def test_search_with_a_filter(filled: Filled) -> None:
    wanted = '{"source": "lunch.txt"}'
    result = invoke(
        "search", "pressure", "-c", "works", "--data", str(filled[0]), "--json", "--filter", wanted
    )
    assert {hit["source"] for hit in result.json()["hits"]} == {"lunch.txt"}


def test_explained_search_shows_what_made_the_score(filled: Filled) -> None:
    result = invoke("search", "relief valve pressure", "-c", "works", "--data", str(filled[0]), "--explain")
    lines = [line.split() for line in result.out.splitlines()]
    assert ["part", "score", "rank", "weight", "adds"] in lines
    assert {"dense", "lexical", "fused", "late", "score", "relief", "pressure"} <= {
        line[0] for line in lines if line
    }


def test_explain_shows_the_reader_view_of_a_hit(filled: Filled) -> None:
    place = ["-c", "works", "--data", str(filled[0])]
    question = "What working pressure is the pump rated for?"
    shown = invoke("explain", question, *place)
    assert "rated for a working pressure" in shown.out
    assert "reader: relevance" in shown.out
    assert "without “" in shown.out
    found = invoke("explain", question, *place, "--json", "--unit", "sentence").json()
    assert found["rank"] == 1
    assert found["reader"]["windows"]
    chunk = found["hit"]["chunk_id"]
    same = invoke("explain", question, *place, "--json", "--chunk", chunk, "--unit", "sentence").json()
    assert same["hit"]["chunk_id"] == chunk
    beyond = invoke("explain", question, *place, "--rank", "90")
    assert beyond.status == 1
    assert "[chunk_not_found]" in beyond.err


def test_search_in_a_collection_that_is_not_there(filled: Filled) -> None:
    result = invoke("search", "x", "-c", "none", "--data", str(filled[0]))
    assert result.status == 1
    assert "[collection_not_found]" in result.err


def test_empty_query_is_refused(filled: Filled) -> None:
    result = invoke("search", "  ", "-c", "works", "--data", str(filled[0]))
    assert result.status == 1
    assert "Traceback" not in result.err


def test_ask_answers_with_a_footnote_and_a_verdict(filled: Filled) -> None:
    question = "What working pressure is the pump rated for?"
    result = footnote("ask", question, "-c", "works", "--data", str(filled[0]), "--json")
    answer = result.json()
    assert result.status == 0
    assert "16 bar" in answer["answer"]
    assert answer["citations"][0]["source"] == "manuals/pump.md"
    assert {one["verdict"]["label"] for one in answer["sentences"]} == {"quoted"}


def test_ask_in_text_shows_quote_verdict_and_timings(filled: Filled) -> None:
    result = invoke(
        "ask", "What working pressure is the pump rated for?", "-c", "works", "--data", str(filled[0])
    )
    assert "[1] manuals/pump.md" in result.out
    assert "“" in result.out
    assert "quoted" in result.out
    assert "timings:" in result.out


def test_ask_reads_a_follow_up_with_its_history(filled: Filled, tmp_path: Path) -> None:
    kept = tmp_path / "talk.json"
    kept.write_text('[{"role": "user", "content": "What is the P200 pump?", "at": 1}]')
    asked = ["ask", "What working pressure is it rated for?", "-c", "works", "--data", str(filled[0])]
    assert (
        "Read as: What working pressure is the P200 pump rated for?"
        in invoke(*asked, "--history", str(kept)).out
    )
    assert "Read as" not in invoke(*asked).out


@pytest.mark.parametrize(
    "text", ["{", "{}", "[7]", '[{"role": "system", "content": "x"}]', '[{"role": "user"}]']
)
def test_a_bad_history_is_named(tmp_path: Path, text: str) -> None:
    kept = tmp_path / "talk.json"
    kept.write_text(text)
    result = invoke("ask", "Why?", "--data", str(tmp_path), "--history", str(kept))
    assert (result.status, "--history" in result.err) == (2, True)


def test_generative_without_a_model_says_what_to_do(filled: Filled) -> None:
    result = invoke("ask", "Why?", "-c", "works", "--data", str(filled[0]), "--mode", "generative")
    assert result.status == 1
    assert "[no_generator]" in result.err
    assert "FOOTNOTE_LLM_URL" in result.err


def test_eval_scores_the_cases_and_writes_the_report(filled: Filled, tmp_path: Path) -> None:
    cases, out = tmp_path / "cases.jsonl", tmp_path / "report"
    cases.write_text('{"question": "What working pressure is the pump rated for?", "reference": "16 bar"}\n')
    options = ["-c", "works", "--data", str(filled[0]), "-m", "string_present", "--out", str(out), "--json"]
    report = invoke("eval", "run", str(cases), *options).json()
    assert report["scores"]["string_present"]["mean"] == 1.0
    assert (out / "report.md").exists()
    assert "[cases_not_found]" in invoke("eval", "run", str(tmp_path / "none.jsonl"), *options).err


def test_doctor_tries_everything(filled: Filled) -> None:
    result = invoke("doctor", "--data", str(filled[0]), "--json")
    findings = {finding["name"]: finding for finding in result.json()}
    assert result.status == 0, result.out
    assert {"versions", "disk", "store", "encoder", "reader", "checker", "ingest and search"} <= set(findings)
    assert "1 collections with 2 documents" in findings["store"]["detail"]


def test_doctor_names_what_fails_and_what_to_do(tmp_path: Path) -> None:
    variables = {"FOOTNOTE_WEIGHTS": str(tmp_path / "none"), "FOOTNOTE_LLM_URL": "http://127.0.0.1:9/v1"}
    result = invoke("doctor", "--data", str(tmp_path / "data"), "--json", **variables)
    findings = {finding["name"]: finding for finding in result.json()}
    assert result.status == 1
    assert not findings["encoder"]["ok"]
    assert "FOOTNOTE_WEIGHTS" in findings["encoder"]["advice"]
    assert not findings["language model"]["ok"]
    assert findings["disk"]["ok"]
    assert not (tmp_path / "data").exists()  # looking changes nothing


def test_curation_and_quarantine(tmp_path: Path) -> None:
    key = "AKIA" + "Q3EGRIK5MZ4VWXYB"
    documents, data = tmp_path / "documents", str(tmp_path / "data")
    documents.mkdir()
    (documents / "key.txt").write_text(
        f"The cloud key of the control unit is {key}; it is used every night.\n"
    )
    shown = invoke("ingest", str(documents), "-c", "box", "--data", data)
    assert "1 secret" in shown.out
    policy = invoke(
        "curation", "box", "--set", "secret=quarantine", "--language", "en", "--data", data, "--json"
    )
    assert (policy.json()["secret"], policy.json()["languages"]) == ("quarantine", ["en"])
    held = invoke("quarantine", "box", "--data", data, "--json").json()["chunks"]
    listed = invoke("quarantine", "box", "--data", data).out
    assert held[0]["chunk_id"] in listed
    assert key not in listed
    released = invoke("quarantine", "box", "--release", held[0]["chunk_id"], "--data", data, "--json")
    assert released.json() == {"released": 1}
    assert "Nothing" in invoke("quarantine", "box", "--data", data).out
    refused = footnote("curation", "box", "--set", "secret=drop", "--data", data)
    assert refused.status == 1
    assert "invalid_policy" in refused.err


def test_reembed_changes_the_encoder_and_search_goes_on(tmp_path: Path) -> None:
    documents, data = tmp_path / "documents", str(tmp_path / "data")
    documents.mkdir()
    (documents / "tern.txt").write_text("The Tern carries twelve cars.\n")
    assert invoke("ingest", str(documents), "--data", data).status == 0
    same = invoke("reembed", "default", "--data", data)
    assert (same.status, "already_embedded" in same.err) == (1, True)
    changed = invoke("reembed", "default", "--encoder", "footnote-edge", "--data", data)
    assert changed.status == 0
    assert "footnote-edge" in changed.out
    found = invoke("search", "How many cars?", "--data", data, "--json").json()
    assert [hit["source"] for hit in found["hits"]] == ["tern.txt"]
    back = invoke("reembed", "default", "--data", data, "--json").json()
    assert (back["kind"], back["status"]) == ("reembed", "succeeded")
