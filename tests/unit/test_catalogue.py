"""The catalogue and the words: complete, in both languages, used by the code, named by a test, and documented."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops import command_line, language, media_sync_daemon
from celestial_nasops.config import PATTERNS_IN_WORDS
from celestial_nasops.fault import Fault
from healthcheck import cli, daemon_errors, explain, languages, pipeline
from healthcheck.catalogue import BY_CODE, docs, journal
from healthcheck.catalogue.entry import Entry
from healthcheck.chinese import PHRASES, WORDS
from healthcheck.chinese_commands import CONFIGURATION, STEERING, USAGE
from healthcheck.console import DEFAULT_STATE_DIR
from tests import expected_causes

ROOT = Path(__file__).parents[2]
SOURCES = [path for package in ("celestial_nasops", "healthcheck") for path in sorted((ROOT / package).rglob("*.py"))]
CAUSES = daemon_errors.catalogue()
ENTRIES = [pytest.param(entry, id=code) for code, entry in BY_CODE.items()]
PARTS = {
    *("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete"),
    *("daemon", "configuration", "run", "installation", "doctor"),
}


@pytest.fixture
def chinese() -> Iterator[None]:
    languages.use("zh", {})
    yield
    language.speak(None)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


# --- every cause has its texts ---


def test_every_cause_has_an_entry_and_every_entry_its_cause() -> None:
    assert sorted(CAUSES.keys() ^ BY_CODE.keys()) == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_is_complete_in_both_languages(entry: Entry) -> None:
    assert CAUSES[entry.cause.code] is entry.cause
    assert entry.where
    assert set(entry.where) <= PARTS
    english, translated = entry.text("en"), entry.text("zh")
    for text in (english, translated):
        assert text.title
        assert text.summary
        assert text.remedy
    assert 2 <= len(re.findall(r"[.?](?: |$)", english.explanation)) <= 5
    assert 2 <= len(re.findall(r"[。？]", translated.explanation)) <= 5
    for kind in ("summary", "remedy", "remedy_by_sftp"):
        assert fields(getattr(translated, kind)) == fields(getattr(english, kind)), kind
    for sentence in (translated.title, translated.explanation, translated.summary):
        assert re.search(r"[\u4e00-\u9fff]", sentence)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_translated_remedy_has_the_same_commands(entry: Entry) -> None:
    commands = re.compile(r"(?:sudo|ssh -|ssh \{|sqlite3|journalctl|findmnt|media-sync-daemon) ?[!-~ ]*?(?=[;,)']|$)")
    for command in commands.findall(entry.cause.remedy):
        assert command.strip() in entry.zh.remedy, command


# --- every cause is raised, and brought about by a test ---


def raised() -> set[str]:
    # These speak of causes, and raise none.
    own = {"causes.py", "daemon_causes.py", "root_cause.py"}
    sources = [path for path in SOURCES if path.name not in own and path.parent.name != "catalogue"]
    return set(re.findall(r"\b[A-Z][A-Z_0-9]+\b", "\n".join(path.read_text("utf-8") for path in sources)))


RAISED = raised()
PROBES = set(pipeline.probe_names())
NOT_TO_BE_STAGED = {
    "row_exists": "a run takes the row over, unless it goes at that very moment",
}


@pytest.mark.parametrize("code", CAUSES)
def test_a_cause_is_used_by_the_code(code: str) -> None:
    assert code.upper() in RAISED


def test_every_cause_is_brought_about_by_a_test() -> None:
    """What a probe can name, by real parts; a unit test may give its verdict the values that amount to it."""
    expected = set(expected_causes.everywhere())
    by_any = {one.code for one in expected}
    by_real_parts = {one.code for one in expected if not one.by_a_unit_test}
    probed = {code for code, entry in BY_CODE.items() if PROBES & set(entry.where)}
    assert sorted(CAUSES.keys() - by_any) == []
    assert sorted(probed - by_real_parts) == sorted(NOT_TO_BE_STAGED)


@pytest.mark.parametrize(
    ("test", "codes"),
    [
        ('assert outcome.cause == "nas_refused"', {"nas_refused"}),
        ('assert "[nas_refused] nas" in log', {"nas_refused"}),
        ("assert fault.cause is causes.NAS_REFUSED", {"nas_refused"}),
        ('says("x refuses connections on port 22")', {"nas_refused"}),
        ('told = ("fail", "nas_refused"); assert finding == told', {"nas_refused"}),
        ('x = "nas_refused"', set()),
        ('assert outcome.cause != "nas_refused"', set()),
        ('assert not "nas_refused" in log', set()),
        ('assert "nas_refused" not in log', set()),
        ('assert Fault(causes.NAS_REFUSED, host="x").summary', set()),
        ('daemon.says("nas_refused|another thing")', set()),
    ],
)
def test_a_mere_mention_is_no_expectation(test: str, codes: set[str]) -> None:
    module = ast.parse(f"from celestial_nasops.fault import Fault\ndef says(x): assert x\ndef test_it(): {test}\n")
    function = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "test_it")
    assert expected_causes.codes(module, function, {"says"}) == codes


# --- every sentence has its translation ---

A_WARNING = "f'{loaded.path}: {warning}'"  # a path, and a sentence of the configuration's


def said() -> set[str]:
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "language.say"):
                template = node.args[0]
                assert isinstance(template, ast.Constant), f"{path}:{node.lineno}: not a literal"
                found.add(str(template.value))
    return found


TEMPLATES = {**PHRASES, **STEERING, **CONFIGURATION}


def test_all_that_is_said_is_translated_and_nothing_else_is() -> None:
    assert len(TEMPLATES) == len(PHRASES) + len(STEERING) + len(CONFIGURATION)
    assert sorted(said() ^ TEMPLATES.keys()) == []


def told_by(parser: argparse.ArgumentParser) -> Iterator[str | None]:
    """All that a command line can say: its texts, and the kinds of its values."""
    yield parser.description
    for group in parser._action_groups:
        yield group.title
    for action in parser._actions:
        yield action.help
        if callable(action.type):
            yield getattr(action.type, "__name__", None)
        if isinstance(action, argparse._SubParsersAction):
            yield from (chosen.help for chosen in action._choices_actions)
            for one in action.choices.values():
                yield from told_by(one)


def test_all_that_the_command_lines_say_is_translated_and_nothing_else_is() -> None:
    told = {*told_by(cli.parser()), *told_by(media_sync_daemon.parser())} - {None}
    assert sorted((told | {*command_line.OWN_WORDS, *command_line.COMPLAINTS}) ^ USAGE.keys(), key=str) == []
    assert f"default: $STATE_DIRECTORY, else {DEFAULT_STATE_DIR}" in told


@pytest.mark.parametrize("english", [*TEMPLATES, *USAGE])
def test_a_phrase_has_the_same_fields_in_both_languages(english: str) -> None:
    assert fields((TEMPLATES | USAGE)[english]) == fields(english)


def test_all_that_a_configuration_s_value_should_be_is_translated() -> None:
    assert set(PATTERNS_IN_WORDS.values()) <= WORDS.keys()
    source = (ROOT / "celestial_nasops" / "config.py").read_text("utf-8")
    assert set(re.findall(r'ValueError\("(.+)"\)', source)) <= WORDS.keys()


def test_a_finding_says_nothing_that_can_t_be_translated() -> None:
    strays = []
    for path in (ROOT / "healthcheck").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("Finding.good", "Finding.skipped", "cls.good", "run.tell", "report.tell", "report.remark"):
                assert isinstance(node, ast.Call)
                if isinstance(node.args[0], ast.Constant | ast.JoinedStr) and ast.unparse(node.args[0]) != A_WARNING:
                    strays.append(f"{path.name}:{node.lineno}")
    assert strays == []


WORDS_IN = {"language.py", "chinese.py"}


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("template", language.REASONS)
def test_a_reason_with_values_is_translated_and_made_by_the_code(template: str) -> None:
    said = template.format_map({name: f"<{name}>" for name in fields(template)})
    told = language.in_words(said)
    assert re.search(r"[\u4e00-\u9fff]", told)
    assert all(f"<{name}>" in told for name in fields(template))
    literals = [literal for literal, *_ in string.Formatter().parse(template) if len(literal) > 5]
    assert any(
        literal in path.read_text("utf-8") for path in SOURCES for literal in literals if path.name not in WORDS_IN
    )


# --- the documents ---


@pytest.mark.parametrize(("name", "tag"), [("causes.md", "en"), ("causes.zh-CN.md", "zh")])
def test_the_documents_are_the_catalogue_s(name: str, tag: str) -> None:
    path = ROOT / "docs" / name
    assert path.read_text("utf-8") == docs.document(tag), f"run: python -m healthcheck.catalogue.docs {path}"


@pytest.mark.parametrize(("tag", "name"), journal.NAMES.items())
def test_the_catalogues_of_the_journal_are_made_of_it(tag: str, name: str) -> None:
    path = ROOT / "systemd" / name
    assert path.read_text("utf-8") == journal.document(tag), f"run: python -m healthcheck.catalogue.journal {path}"


# --- which language ---


@pytest.mark.parametrize(
    ("setting", "environment", "shows", "tag"),
    [
        ("auto", {}, True, "en"),
        ("auto", {"LANG": "C"}, True, "en"),
        ("auto", {"LANG": "POSIX"}, True, "en"),
        ("auto", {"LANG": "zh_CN.UTF-8"}, True, "zh"),
        ("auto", {"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, True, "en"),
        ("auto", {"LANG": "en_US", "LC_MESSAGES": "", "LC_ALL": "zh_CN"}, True, "zh"),
        ("auto", {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, True, "en"),
        ("zh", {"LANG": "C"}, True, "zh"),
        ("en", {"LANG": "zh_CN.UTF-8"}, True, "en"),
        ("zh", {}, False, "en"),
    ],
)
def test_the_language_is_the_configuration_s_else_the_locale_s(
    setting: str, environment: dict[str, str], shows: bool, tag: str
) -> None:
    assert languages.chosen(setting, environment, can_show_chinese=shows) == tag


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('{"check_settings": {"language": "zh"}}', "zh"),
        ('{"check_settings": {"language": "fr"}}', "auto"),
        ('{"check_settings": []}', "auto"),
        ("{", "auto"),
        ("[]", "auto"),
        (None, "auto"),
    ],
)
def test_the_language_is_read_from_any_configuration(tmp_path: Path, text: str | None, setting: str) -> None:
    path = tmp_path / "unified_config.json"
    if text is not None:
        path.write_text(text)
    assert languages.configured(str(path)) == setting


# --- faults in the operator's language ---


@pytest.mark.usefixtures("chinese")
def test_a_fault_is_told_in_the_operator_s_language_and_keeps_its_values() -> None:
    fault = Fault(CAUSES["nas_silent"], host="nas", port=22, seconds=3.0, stage="key exchange")
    assert fault.summary == "nas 端口 22 在 3 秒内没有应答（密钥交换）"
    assert fault.remedy == "确认 NAS 已开机且已唤醒，中间没有防火墙：ssh -v -p 22 nas"
    assert fault.values["stage"] == "key exchange"
    assert WORDS["key exchange"] == "密钥交换"


@pytest.mark.usefixtures("chinese")
def test_a_fault_that_quotes_another_says_both_in_one_language() -> None:
    why = (
        "[media_marker_missing] /m is not the folder that it was: its marker .x is missing; nothing is deleted until a "
    )
    fault = Fault(CAUSES["deletions_stopped"], pid=7, reason=f"{why}person has looked")
    assert fault.summary == (
        "守护进程（pid 7）在传输，但在有人查看之前不删除："
        "[media_marker_missing] /m 不是原来的目录：缺少标记文件 .x；在有人查看之前不会删除任何文件"
    )


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        ("[nas_refused] nas refuses connections on port 22", "nas_refused", "nas 拒绝端口 22 上的连接"),
        (
            "[file_refused] /m/x is not sent: it is not in the media folder /data",
            "file_refused",
            "不发送 /m/x：它不在媒体目录 /data 中",
        ),
        (
            "[nas_silent] nas port 22 gave no answer within 9 s (look at /volume1/x)",
            "nas_silent",
            "nas 端口 22 在 9 秒内没有应答（查看 /volume1/x）",
        ),
        (
            "[nas_command_failed] the NAS could not make the folder /v/a: its shell ended early with status 7",
            "nas_command_failed",
            "NAS 无法对 /v/a 执行 创建目录：其 shell 提前结束，状态为 7",
        ),
        ("[nas_refused] an older daemon's words", "nas_refused", "an older daemon's words"),
        ("[no_such_code] words", None, "[no_such_code] words"),
        ("words", None, "words"),
        ("", None, ""),
    ],
)
def test_a_daemon_s_error_is_told_where_its_code_is_known(error: str, code: str | None, text: str) -> None:
    cause, told, _ = daemon_errors.told(error)
    assert (cause.code if cause else None, told) == (code, text)


def test_a_daemon_s_error_comes_with_its_remedy_where_all_its_values_are_known() -> None:
    read_only = "[nas_read_only] the NAS volume of /volume1/x is read-only"
    remedy = "look at the volume's state in DSM's Storage Manager: ssh nas mount"
    assert daemon_errors.told(read_only, {"target": "nas"}).remedy == remedy
    assert daemon_errors.told(read_only).remedy is None
    assert daemon_errors.told("[nas_read_only] an older daemon's words", {"target": "nas"}).remedy is None


def test_an_action_of_several_words_leaves_the_path_whole() -> None:
    error = "[nas_command_failed] the NAS could not make the folder /v/a b: it says nothing"
    remedy = f"try it by hand: ssh nas ls -ld {shlex.quote(shlex.quote('/v/a b'))}"
    assert daemon_errors.told(error, {"target": "nas"}).remedy == remedy


def test_it_comes_with_the_remedy_for_an_account_without_a_shell() -> None:
    full = "[nas_disk_full] no space left on the NAS for /volume1/homes/x: No space left on device"
    by_sftp = {"sftp": "sftp -b - nas", "hidden_prefix": "/volume1"}
    remedy = "free space or raise the quota there: echo 'df -h \"/homes/x\"' | sftp -b - nas"
    assert daemon_errors.told(full, by_sftp).remedy == remedy


@pytest.mark.parametrize("code", CAUSES)
def test_a_summary_is_taken_apart_by_its_own_template(code: str) -> None:
    template = CAUSES[code].summary
    values = {name: f"<{name}>" for name in fields(template)}
    found = language.values_of(template, template.format_map(values))
    assert found == values


def test_what_does_not_fit_a_template_is_not_guessed() -> None:
    assert language.values_of("a {x} b {y}", "a 1 c 2") is None
    assert language.values_of("{x} b", "1 c") is None


# --- explain ---


def test_explain_lists_and_explains() -> None:
    assert "  nas_refused " in explain.all_titles()
    assert explain.one("nas_refused").startswith("nas_refused: The NAS refuses SSH connections\n\n")
    with pytest.raises(KeyError, match="there is no cause 'nas_refuse'; did you mean nas_refused"):
        explain.one("nas_refuse")


@pytest.mark.usefixtures("chinese")
def test_explain_in_chinese() -> None:
    assert explain.one("nas_refused").startswith("nas_refused: NAS 拒绝 SSH 连接\n\n")
