"""Removes one control after the other from a copy of the project, and runs the tests of it.

    make mutants                      # all; minutes
    python tests/mutants.py sessions  # those whose file or control has this word

The tests must fail. A control whose removal they do not notice is told as a survivor, and the
command ends with 1. Before that, all tests are run once without any change: they must pass.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("rwae", "tests", "app.py", "pyproject.toml")  # the rest is linked
TIMEOUT = 600  # seconds for the tests of one mutant, or for all of them without a change
PASSED, FAILED = 0, 1  # how pytest ends
PRINTED = "printed.log"  # in the copy: what pytest printed last


@dataclass(frozen=True)
class Mutant:
    """A change that removes a control.

    Attributes:
        control: what is removed.
        file: below rwae/.
        text: stands there exactly once.
        replacement: what takes its place.
        tests: a file below tests/ and, after a colon, words that the names of its tests have.
    """

    control: str
    file: str
    text: str
    replacement: str
    tests: str

    @property
    def test_file(self) -> str:
        """The file of its tests, below tests/."""
        return self.tests.partition(":")[0]

    @property
    def test_words(self) -> str:
        """The words for pytest's option -k: by default the name of the file."""
        return self.tests.partition(":")[2] or Path(self.test_file).stem


MIDDLEWARE = "ui/test_app_middleware.py"
SERVER = "ui/test_app_server.py"
SESSIONS = "ui/test_app_sessions.py"
RECEIVED = "ui/test_app_received_files.py"
MONITORING = "ui/test_app_monitoring.py"
HOUSEKEEPING = "ui/test_app_housekeeping.py"
WALLS = "files/test_decoder_walls.py"
SAVED = "files/test_saved_clips.py"
HEADERS = f"{MIDDLEWARE}:security_headers"

MUTANTS = (
    # rwae/ui/middleware.py
    Mutant(
        "the size of a body",
        "ui/middleware.py",
        "        if self._allowed < 0:",
        "        if False:",
        f"{MIDDLEWARE}:bytes_are_counted",
    ),
    Mutant(
        "the pause of a body",
        "ui/middleware.py",
        "patience = min(MAX_PAUSE, self._deadline - time.monotonic())",
        "patience = self._deadline - time.monotonic()",
        f"{MIDDLEWARE}:slow_body",
    ),
    Mutant(
        "the deadline of a body",
        "ui/middleware.py",
        "patience = min(MAX_PAUSE, self._deadline - time.monotonic())",
        "patience = MAX_PAUSE",
        f"{MIDDLEWARE}:slow_body",
    ),
    Mutant(
        "the memory for all bodies",
        "ui/middleware.py",
        "        while self.free < 0:",
        "        while False:",
        f"{MIDDLEWARE}:all_bodies",
    ),
    Mutant(
        "that a slow sender gives way",
        "ui/middleware.py",
        "            oldest.give_way()",
        "            raise Refusal(503, BUSY)",
        f"{MIDDLEWARE}:sends_slowly",
    ),
    Mutant(
        "that slow JSON takes no place",
        "ui/middleware.py",
        "                await self._call(await body.read(), scope, receive, send)",
        "                self.page_calls += 1\n"
        "                content = await body.read()\n"
        "                self.page_calls -= 1\n"
        "                await self._call(content, scope, receive, send)",
        f"{MIDDLEWARE}:sends_slowly",
    ),
    Mutant(
        "that a form counts when it is complete",
        "ui/middleware.py",
        "            form = await body.read()\n            check_form(form, content_type)\n"
        "            if self.forms >= MAX_FORMS:\n                raise Refusal(503, BUSY)\n"
        "            self.forms += 1\n            try:\n",
        "            if self.forms >= MAX_FORMS:\n                raise Refusal(503, BUSY)\n"
        "            self.forms += 1\n            try:\n"
        "                form = await body.read()\n"
        "                check_form(form, content_type)\n",
        f"{MIDDLEWARE}:sends_slowly",
    ),
    Mutant(
        "the end of a form",
        "ui/middleware.py",
        '    if not boundary or not form.endswith((end, end + b"\\r\\n")):',
        "    if not boundary:",
        f"{MIDDLEWARE}:passed_on_whole",
    ),
    Mutant(
        "the parts of a form",
        "ui/middleware.py",
        '    if form.count(b"--" + boundary) > MAX_FORM_PARTS + 1:',
        "    if False:",
        f"{MIDDLEWARE}:passed_on_whole",
    ),
    Mutant(
        "the number of open requests",
        "ui/middleware.py",
        "        elif self.open_requests > MAX_OPEN_REQUESTS:",
        "        elif False:",
        f"{MIDDLEWARE}:beyond_a_limit",
    ),
    Mutant(
        "the number of calls of the page",
        "ui/middleware.py",
        "        if self.page_calls >= MAX_PAGE_CALLS:",
        "        if False:",
        f"{MIDDLEWARE}:beyond_a_limit",
    ),
    Mutant(
        "forms that are read at once",
        "ui/middleware.py",
        "self._reading = asyncio.Semaphore(MAX_READ_FORMS)",
        "self._reading = asyncio.Semaphore(99)",
        f"{MIDDLEWARE}:few_at_a_time",
    ),
    Mutant(
        "the list of open paths",
        "ui/middleware.py",
        "            raise Refusal(404, monitoring.NOTHING_HERE)",
        "            route = '/'",
        f"{MIDDLEWARE}:not_listed",
    ),
    Mutant(
        "paths that climb",
        "ui/middleware.py",
        '    if ".." in path or "\\\\" in path or "\\0" in path:',
        "    if False:",
        f"{MIDDLEWARE}:not_listed",
    ),
    Mutant(
        "that a failure shows no details",
        "ui/middleware.py",
        '                await _answer(send, 500, FAILED.encode(), b"text/plain; charset=utf-8")',
        '                await _answer(send, 500, str(error).encode(), b"text/plain")',
        f"{MIDDLEWARE}:failure_of_the_app",
    ),
    Mutant(
        "the policy of the page",
        "ui/middleware.py",
        '    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),\n',
        "",
        HEADERS,
    ),
    Mutant(
        "that browsers guess no type",
        "ui/middleware.py",
        '    (b"x-content-type-options", b"nosniff"),\n',
        "",
        HEADERS,
    ),
    Mutant(
        "that links tell no address",
        "ui/middleware.py",
        '    (b"referrer-policy", b"same-origin"),\n',
        "",
        HEADERS,
    ),
    Mutant(
        "all headers of security",
        "ui/page.py",
        "                Middleware(SecurityHeaders),\n",
        "",
        "ui/test_app_page_files.py:scripts_come",
    ),
    Mutant(
        "all limits of requests",
        "ui/page.py",
        "                    RequestLimits,\n",
        "                    SecurityHeaders) if True else Middleware(RequestLimits,\n",
        f"{SERVER}:does_not_use",
    ),
    # rwae/ui/sessions.py
    Mutant(
        "the bytes of unread answers",
        "ui/sessions.py",
        "        while self.bytes > MAX_UNREAD_BYTES:",
        "        while False:",
        f"{SESSIONS}:longest_unread",
    ),
    Mutant(
        "the bytes of one session",
        "ui/sessions.py",
        "if box.bytes > MAX_SESSION_BYTES]:",
        "if False]:",
        f"{SESSIONS}:one_session",
    ),
    Mutant(
        "the age of unread answers",
        "ui/sessions.py",
        "            if not self._is_busy(session):\n                self._forget(session)",
        "            pass",
        f"{SESSIONS}:forgotten_by_age",
    ),
    Mutant(
        "the number of sessions",
        "ui/sessions.py",
        "        if len(self) >= MAX_SESSIONS:",
        "        if False:",
        f"{SESSIONS}:sessions_are_bounded",
    ),
    Mutant(
        "that calls of forgotten sessions end",
        "ui/sessions.py",
        "        return Mailbox()\n",
        "        raise KeyError(session)\n",
        f"{SESSIONS}:in_peace",
    ),
    Mutant(
        "the bytes of calls that wait",
        "ui/sessions.py",
        "for one in (*calls, request)) > MAX_CALL_BYTES:",
        "for one in (*calls, request)) < 0:",
        f"{SESSIONS}:calls_that_wait",
    ),
    Mutant(
        "that a session keeps no value",
        "ui/sessions.py",
        "    def _update_value_in_config(self, key: int, value: Any) -> None:",
        "    def _keep_no_value(self, key: int, value: Any) -> None:",
        f"{SESSIONS}:keeps_no_value",
    ),
    Mutant(
        "all of it",
        "ui/page.py",
        "    sessions.keep_little(page)\n",
        "",
        f"{SERVER}:nobody_fetches",
    ),
    # rwae/ui/received_files.py
    Mutant(
        "objects that stand for files",
        "ui/received_files.py",
        '        return value.get("path")',
        "        return value",
        f"{RECEIVED}:no_object",
    ),
    Mutant(
        "the bytes of received files",
        "ui/received_files.py",
        "            while self.size > MAX_RECEIVED_BYTES:",
        "            while False:",
        f"{RECEIVED}:bounded_memory",
    ),
    Mutant(
        "the age of received files",
        "ui/received_files.py",
        "if came < oldest]:",
        "if False]:",
        f"{RECEIVED}:bounded_memory",
    ),
    Mutant(
        "the size of a received file",
        "ui/received_files.py",
        "    if not files or max(map(len, files)) > MAX_ENCODED_BYTES:",
        "    if not files:",
        f"{RECEIVED}:without_a_small_file",
    ),
    Mutant(
        "numbers that are not finite",
        "ui/received_files.py",
        "allow_nan=False",
        "allow_nan=True",
        f"{RECEIVED}:no_json",
    ),
    # rwae/ui/monitoring.py
    Mutant(
        "the token of counts",
        "ui/monitoring.py",
        '        if not hmac.compare_digest(given, f"Bearer {token}".encode()):',
        "        if False:",
        f"{MONITORING}:know_the_token",
    ),
    Mutant(
        "that counts are closed without a token",
        "ui/monitoring.py",
        "        if not token:",
        "        if False:",
        f"{MONITORING}:know_the_token",
    ),
    Mutant(
        "that readiness is checked once in a while",
        "ui/monitoring.py",
        "            if time.monotonic() - self._checked > READY_SECONDS:",
        "            if True:",
        f"{MONITORING}:at_once_cost_one",
    ),
    # What one call may cost
    Mutant(
        "the work of decoding",
        "ui/payloads.py",
        "    return config.frame_size**2 * max(1.0, width**2)",
        "    return config.frame_size**2",
        "ui/test_app_models.py:more_work",
    ),
    Mutant(
        "frames of a request",
        "ui/payloads.py",
        "    if sum(frames) > max_request_frames(config):",
        "    if False:",
        "ui/test_app_endpoints.py",
    ),
    Mutant(
        "pixels of a moving picture",
        "ui/api.py",
        "    if pixels > MAX_MOVING_PIXELS:",
        "    if False:",
        "ui/test_app_api.py:too_much_work",
    ),
    Mutant(
        "the enlargement of a moving picture",
        "ui/api.py",
        "MAX_MOVING_WIDTH // width, by_work)",
        "MAX_MOVING_WIDTH // width)",
        "ui/test_app_api.py:work_for_a_moving",
    ),
    Mutant(
        "pixels of a download",
        "ui/downloads.py",
        "(scale * side) ** 2 > MAX_CLIP_PIXELS:",
        "(scale * side) ** 2 < 0:",
        "ui/test_app_downloads.py:more_work",
    ),
    Mutant(
        "jobs that wait",
        "ui/jobs.py",
        "        if self._count_waiting() >= MAX_WAITING:",
        "        if False:",
        "ui/test_app_learning.py:long_queue",
    ),
    # rwae/ui/housekeeping.py and temporary_folder.py
    Mutant(
        "the thread that looks after temporary files",
        "ui/housekeeping.py",
        'name="housekeeping", daemon=True).start()',
        'name="housekeeping", daemon=True)',
        f"{HOUSEKEEPING}:looks_after",
    ),
    Mutant(
        "that the app hides its memory",
        "ui/housekeeping.py",
        "        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)",
        "        pass",
        f"{HOUSEKEEPING}:hides",
    ),
    Mutant(
        "that folders of ended apps are removed",
        "ui/temporary_folder.py",
        "            remove_abandoned_folders(self._parent, time.time())\n",
        "",
        f"{HOUSEKEEPING}:new_app",
    ),
    Mutant(
        "the age of temporary files",
        "ui/temporary_folder.py",
        "                    if now - seen[state] > MAX_FILE_AGE:",
        "                    if False:",
        f"{HOUSEKEEPING}:old_files",
    ),
    Mutant(
        "that the end waits for no thread",
        "ui/launch.py",
        "    os._exit(0)",
        "    sys.exit(0)",
        "ui/test_app_start.py:waits_for_no_thread",
    ),
    Mutant(
        "that Gradio makes no folder beside the app's",
        "ui/housekeeping.py",
        "    routes.DEFAULT_TEMP_DIR =",
        "    _ =",
        "ui/test_app_start.py:next_free_port",
    ),
    Mutant(
        "that lines of the log are not repeated",
        "ui/housekeeping.py",
        "    if is_new:",
        "    if True:",
        f"{HOUSEKEEPING}:scan",
    ),
    # rwae/files
    Mutant(
        "the largest file of tensors",
        "files/tensors.py",
        "    if size > max_bytes:",
        "    if False:",
        "files/test_checkpoint.py:limits_of_a_tensor",
    ),
    Mutant(
        "that it has a largest file by itself",
        "files/tensors.py",
        "MAX_TENSOR_FILE_BYTES = 2**30 ",
        "MAX_TENSOR_FILE_BYTES = 2**60 ",
        "files/test_checkpoint.py:limits_of_a_tensor",
    ),
    Mutant(
        "the largest header of tensors",
        "files/tensors.py",
        'int.from_bytes(start[:8], "little") > MAX_HEADER_BYTES:',
        "False:",
        "files/test_checkpoint.py:limits_of_a_tensor",
    ),
    Mutant(
        "the limit of files of the Hub's client",
        "files/hub/child.py",
        "        resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))",
        "        pass",
        "files/test_hub.py:grows",
    ),
    Mutant(
        "FFmpeg's formats",
        "files/video/decoder/frames.py",
        "|format_whitelist;mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif",
        "",
        "files/test_hostile_clips.py:ffmpeg_itself",
    ),
    Mutant(
        "that a place before a film kills no decoder",
        "files/video/decoder/tracks.py",
        "            return -1",
        "            raise",
        "files/test_hostile_clips.py:claims_too_much",
    ),
    Mutant(
        "the decoder's filter of system calls",
        "files/video/decoder/sandbox.py",
        "        if _filter_calls(library):",
        "        if False:",
        WALLS,
    ),
    Mutant(
        "the decoder's limits of the system",
        "files/video/decoder/limits.py",
        '    _limit("RLIMIT_AS", MAX_MEMORY)\n',
        "",
        "files/test_decoder_walls.py:behind_its_walls",
    ),
    Mutant(
        "the decoder's processor time",
        "files/video/decoder/limits.py",
        "            resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))",
        "            pass",
        "files/test_decoder_walls.py:behind_its_walls",
    ),
    Mutant(
        "the decoder's call of its walls",
        "files/video/decoder/__main__.py",
        "sandbox.enter()",
        "0",
        WALLS,
    ),
    Mutant(
        "the decoder's call of its limits",
        "files/video/decoder/__main__.py",
        "    limits.limit_for_good()\n",
        "",
        WALLS,
    ),
    Mutant(
        "the decoder's call for its time",
        "files/video/decoder/__main__.py",
        '        limits.allow_time(job["seconds"])\n',
        "",
        WALLS,
    ),
    Mutant(
        "the decoder's priority",
        "files/video/decoder/sandbox.py",
        "        os.nice(NICENESS)",
        "        pass",
        WALLS,
    ),
    Mutant(
        "that the decoder ends with its parent",
        "files/video/decoder/sandbox.py",
        "        if not library.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0):",
        "        if True:",
        WALLS,
    ),
    Mutant(
        "that the decoder gains no rights",
        "files/video/decoder/sandbox.py",
        "        if not library.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):",
        "        if True:",
        WALLS,
    ),
    Mutant(
        "that its memory cannot become a program",
        "files/video/decoder/sandbox.py",
        '"mmap": ((9, 222), 2, _PROT_EXEC)',
        '"mmap": ((9, 222), 2, 0)',
        WALLS,
    ),
    Mutant(
        "that it limits no other process",
        "files/video/decoder/sandbox.py",
        '"prlimit64": ((302, 261), 0, _ANY_PROCESS)',
        '"prlimit64": ((302, 261), 0, 0)',
        WALLS,
    ),
    Mutant(
        "that the decoder writes nothing",
        "files/video/decoder/limits.py",
        '    _limit("RLIMIT_FSIZE", 0)\n',
        "",
        WALLS,
    ),
    Mutant(
        "the files that the decoder opens",
        "files/video/decoder/limits.py",
        '    _limit("RLIMIT_NOFILE", MAX_OPEN_FILES)\n',
        "",
        WALLS,
    ),
    Mutant(
        "that the decoder leaves no core",
        "files/video/decoder/limits.py",
        '    _limit("RLIMIT_CORE", 0)\n',
        "",
        WALLS,
    ),
    Mutant(
        "that a long file is read in part",
        "files/video/decoder/__main__.py",
        "            if time.process_time() > deadline:\n                raise OutOfTime\n",
        "",
        "files/test_footage.py:read_in_part",
    ),
    Mutant(
        "the decoder's environment",
        "files/video/decoding.py",
        "env=few | {",
        "env=dict(os.environ) | {",
        "files/test_hostile_clips.py:no_secret",
    ),
    Mutant(
        "that a decoder ends when its visitor leaves",
        "files/video/decoding.py",
        "            with asker.ending(self._process.kill):",
        "            if True:",
        "ui/test_app_departures.py:visitor_leaves",
    ),
    Mutant(
        "that the page's visitors are watched",
        "ui/page.py",
        "                Middleware(Departures),\n",
        "",
        "ui/test_app_departures.py:page_that_is_closed",
    ),
    Mutant(
        "that a video has all frames",
        "files/video/writing.py",
        "            complete = _count_frames(path) == len(frames)",
        "            complete = True",
        SAVED,
    ),
    Mutant(
        "that the disk had room for a video",
        "files/video/writing.py",
        "                file.write(bytes(_MIN_ROOM))",
        "                pass",
        SAVED,
    ),
    Mutant(
        "that a saved clip stays until the new one is whole",
        "files/video/writing.py",
        "        with atomic(path) as unfinished:\n            unfinished.write_bytes(data)",
        "        path.write_bytes(data)",
        SAVED,
    ),
    Mutant(
        "that the temporary folder is made again",
        "ui/housekeeping.py",
        "        if folder.repair():",
        "        if False:",
        f"{HOUSEKEEPING}:made_again",
    ),
    Mutant(
        "that old files are removed while the app runs",
        "ui/housekeeping.py",
        "    folder.remove_old(time.monotonic())\n",
        "",
        f"{HOUSEKEEPING}:thread_removes",
    ),
    Mutant(
        "the lock of the temporary folder",
        "ui/temporary_folder.py",
        "        self._lock = lock_folder(self.path)",
        "        self._lock = None",
        f"{HOUSEKEEPING}:that_slept",
    ),
    Mutant(
        "that the log tells of a decoder that is not confined",
        "ui/housekeeping.py",
        "    if missing:",
        "    if False:",
        f"{HOUSEKEEPING}:not_confined",
    ),
)


def copy_project(to: Path) -> None:
    """Copies what mutants change, and links the rest, such as the checkpoints."""
    ignored = shutil.ignore_patterns("__pycache__")
    for path in ROOT.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__":
            continue
        if path.name not in COPIED:
            (to / path.name).symlink_to(path)
        elif path.is_dir():
            shutil.copytree(path, to / path.name, ignore=ignored)
        else:
            shutil.copy(path, to)


def run_tests(root: Path, arguments: Sequence[str]) -> int:
    """The code with which pytest ends; one that takes too long counts as failed.

    It runs in a copy of this process, which has loaded the large libraries already.
    """
    process = multiprocessing.get_context("fork").Process(target=_test, args=(root, arguments))
    process.start()
    process.join(TIMEOUT)
    if process.exitcode is None:
        process.terminate()
        process.join()
        return FAILED
    return process.exitcode


def _test(root: Path, arguments: Sequence[str]) -> None:
    os.chdir(root)
    # A file that is changed twice within a second would be read from its old bytecode.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    sys.path[:] = [folder for folder in sys.path if Path(folder) != ROOT / "tests"]
    printed = os.open(root / PRINTED, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    sys.exit(pytest.main(["-n", "0", "-x", "-q", "-p", "no:cacheprovider", *arguments]))


def try_mutant(root: Path, mutant: Mutant) -> int:
    """Runs the tests of a mutant in a copy of the project, which is as before afterwards."""
    path = root / "rwae" / mutant.file
    before = path.read_text("utf-8")
    path.write_text(before.replace(mutant.text, mutant.replacement), "utf-8")
    try:
        return run_tests(root, [f"tests/{mutant.test_file}", "-k", mutant.test_words])
    finally:
        path.write_text(before, "utf-8")


def main(words: Sequence[str]) -> int:
    """Tries all mutants, or those with one of some words; returns 1 if one survives."""
    chosen = [m for m in MUTANTS if not words or any(w in m.file + m.control for w in words)]
    survivors = 0
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    for library in ("torch", "gradio"):  # once, for all copies of this process
        importlib.import_module(library)
    with tempfile.TemporaryDirectory(prefix="rwae-mutants-") as folder:
        root = Path(folder)
        copy_project(root)
        files = sorted({f"tests/{mutant.test_file}" for mutant in chosen})
        words = " or ".join(sorted({f"({mutant.test_words})" for mutant in chosen}))
        if run_tests(root, [*files, "-k", words]) != PASSED:
            print((root / PRINTED).read_text("utf-8"))
            print(f"The tests do not pass without any change: {' '.join(files)} -k '{words}'")
            return 1
        for mutant in chosen:
            start = time.monotonic()
            killed = try_mutant(root, mutant) == FAILED
            survivors += not killed
            told = "killed  " if killed else "SURVIVED"
            seconds = time.monotonic() - start
            print(f"{told} {seconds:4.0f} s  {mutant.file}: {mutant.control}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} survivors")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
