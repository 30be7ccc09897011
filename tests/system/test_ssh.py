"""The viewer over real ssh on a slow line, with what `kubectl exec` and strangers' hosts leave of the environment: TERM=xterm
and no LANG (TUI-5).

FGM_TEST_SSH_PAGE names a file that gets the screens and numbers of this run: docs/ssh.md is written so.
"""

import os
import pathlib
import time

import pytest

import line
import remote
import ssh_page
from conftest import binary, need
from generated import generate
from remote import PROMPT
from terminal import Terminal

VIEWER = "fgm-tui rec --tz UTC"
# What is left of sequences that nobody has understood.
STRANGE = ["\ufffd", "^[", "\x1b", "[<", "[?", "rgb:", "[C", "[D", "200~"]
# What a terminal says of its background and of itself.
ANSWERS = b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[?62;22c"


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    out = tmp_path_factory.mktemp("far") / "rec"
    return generate(out, scenario="production", files=3, containers=12, seed=7)


@pytest.fixture
def host(tmp_path, recording):
    """Makes hosts a given delay away; none outlives the test."""
    need([*line.TOOLS, "ssh", "ssh-keygen", remote.SSHD or "sshd"], "a session over ssh")
    made = []

    def make(delay=0.1):
        made.append(remote.Remote(tmp_path / f"host-{len(made)}", recording, delay))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def page():
    """Screens and numbers for the docs."""
    parts = {}
    yield parts
    if path := os.environ.get("FGM_TEST_SSH_PAGE"):
        pathlib.Path(path).write_text(ssh_page.PAGE.format(viewer=VIEWER, **parts))


def clean(text):
    """The same text; there is nothing on it but the viewer's and the shell's."""
    assert not [word for word in STRANGE if word in text], text
    return text


def is_picture(text):
    return "●A" in text and "0 ┤" in text


def is_memory(text):
    return is_picture(text) and "MiB" in text


def is_prompt(text):
    return text.rstrip().endswith(PROMPT)


def login(host, **terminal):
    far = host.ssh(**terminal)
    far.until("prompt", is_prompt)
    return far


def view(far, command=VIEWER):
    far.send(f"{command}\r")
    far.until("picture", is_picture)
    return far.settle(1)


def settings(far):
    """The terminal's settings, as the far end has them."""
    far.send("clear\r")
    far.until("empty screen", lambda s: s == PROMPT)
    far.send("stty -a\r")
    return far.until("settings", lambda s: "echoke" in s and is_prompt(s))


def alike(far, here):
    """There is what is here, and nothing else."""
    wanted = here.settle(1)
    clean(far.until(f"same as here:\n{wanted}\nbut", lambda s: s == wanted))


def test_a_session(host, page, recording, tmp_path):
    """TUI-5: here and there the same pictures, the first without a question asked; the terminal is left as it was."""
    host = host()
    local = [binary("fgm-tui"), recording, "--tz", "UTC"]
    with login(host) as far, Terminal(local, home=tmp_path / "here") as here:
        before, modes = settings(far), far.modes()
        far.send(VIEWER)
        far.until("echo", lambda s: s.rstrip().endswith(VIEWER))
        started, (up, down) = len(far.got), (host.line.up.copy(), host.line.down.copy())
        far.send("\r")
        far.until("picture", is_picture)
        assert host.line.up.pieces - up.pieces == 1, "nothing but the key went there"
        first = far.settle(1)
        page["first"], page["frames"], page["bytes"] = first, far.frames(started), len(far.got) - started
        page["down"], page["down_pieces"] = host.line.down.bytes - down.bytes, host.line.down.pieces - down.pieces
        page["up"] = host.line.up.bytes - up.bytes
        assert page["bytes"] < 16_000 and page["frames"] <= 12, page
        here.until("picture", is_picture)
        alike(far, here)

        for keys, holds in [
            ("h", lambda s: "▲" in s),
            ("/memcurr\r", is_memory),
            ("?", lambda s: "Move the cursor left by one dot." in s),
            ("q", lambda s: is_picture(s) and "Move the cursor" not in s),
            ("A", lambda s: "What took another level." in s),
        ]:
            for terminal in (far, here):
                terminal.send(keys)
                terminal.until(keys, holds)
            alike(far, here)
        for terminal in (far, here):
            terminal.send("\x1b")
        for size in [(120, 40), (60, 20), (80, 24)]:
            for terminal in (far, here):
                terminal.resize(*size)
            alike(far, here)
        far.send("q")
        left = far.until("prompt", is_prompt)
        assert clean(left).endswith(f"{PROMPT} {VIEWER}\n{PROMPT}"), left
        assert b"\x1b[c" not in far.got and b"\x1b]11" not in far.got, "sixteen colours are the terminal's own"
        assert (settings(far), far.modes()) == (before, modes)


def bring(host, far, *pieces):
    """Sends pieces of input that the line must not put together."""
    before = host.line.up.pieces
    for piece in pieces:
        far.send(piece)
        far.settle(0.25)
    assert host.line.up.pieces - before >= len(pieces), "the line brought them together"


def test_sequences_cut_by_the_line(host):
    """TUI-5: keys, the mouse, pasted and typed text in pieces a quarter of a second apart are what they are in one."""
    host = host()
    with login(host) as far:
        view(far)
        click = b"\x1b[<0;60;8M\x1b[<0;60;8m"
        bring(host, far, click, b"\x1b", b"bb")
        at = far.settle(1)
        for whole in (b"\x1b[C", b"\x1bOC", b"\x1b[1;5D", click):

            def after(*pieces, whole=whole, wanted=None):
                bring(host, far, b"\x1b", b"bb")
                far.until("cursor as before", lambda s: s == at)
                bring(host, far, *pieces)
                return clean(far.until(f"{whole}", lambda s: s == wanted) if wanted else far.settle(1))

            wanted, escaped = after(whole), after(b"\x1b", whole)
            assert at not in (wanted, escaped), whole
            cut = len(whole) - 1
            after(whole[:cut], whole[cut:], wanted=wanted)
            # By then an escape alone has been taken for the key that it is; the rest must not be taken for text.
            after(whole[:1], whole[1:], wanted=escaped)
        for piece in (b"/m\xc3", b"\xa9\x7f", b"\x1b[200~em", b"curr\x1b[20", b"1~"):
            far.send(piece)
            far.settle(0.25)
        clean(far.shows("memcurr"))
        far.send("\r")
        clean(far.until("memory", is_memory))


def test_quick_keys_share_frames(host, page):
    """TUI-5: what comes in together is shown together."""
    host = host()
    with login(host) as far:
        view(far)
        far.send("h")
        at = far.settle(1)
        for keys in ("h" * 40, "l" * 40):
            began = len(far.got)
            far.send(keys)
            now = far.settle(1)
            page["held_frames"], page["held_bytes"] = far.frames(began), len(far.got) - began
            assert page["held_frames"] <= 5 and page["held_bytes"] <= 5 * 1500, page
        assert now == at, "each of them counted"
        for name, key in (("cursor", "h"), ("zoom", "+"), ("pan", "H")):
            began = len(far.got)
            far.send(key)
            far.settle(1)
            page[name], page[f"{name}_frames"] = len(far.got) - began, far.frames(began)
        assert page["cursor"] <= 1500 and page["pan"] <= 8000, page


def test_stopped_and_continued(host, page):
    """TUI-5: ctrl-z gives the terminal back, fg takes it again."""
    host = host()
    with login(host) as far:
        before, modes = settings(far), far.modes()
        picture = view(far, f"clear; {VIEWER}")
        far.send("\x1a")
        page["stopped"] = far.until("prompt", lambda s: is_prompt(s) and "Stopped" in s)
        clean(page["stopped"])
        assert far.modes() == modes
        assert settings(far) == before
        far.send("fg\r")
        far.until("picture", is_picture)
        assert far.settle(1).splitlines()[:-2] == picture.splitlines()[:-2]
        far.send("q")
        far.until("prompt", is_prompt)
        assert (settings(far), far.modes()) == (before, modes)


def cut_the_line(host, _):
    host.line.cut()


def kill_the_client(_, far):
    far.process.kill()


@pytest.mark.parametrize("how", [cut_the_line, kill_the_client])
def test_a_lost_connection(host, page, how):
    """TUI-5: the viewer ends when sshd has given the connection up, and does not spin until then."""
    host = host()
    with login(host) as far:
        view(far)
        (pid,) = host.viewers()
        used = before = remote.cpu(pid)
        how(host, far)
        end = time.time() + 30
        while pid in host.viewers():
            assert time.time() < end, "it is still there"
            used = remote.cpu(pid) or used
            time.sleep(0.1)
        assert used - before < 1, f"{used - before} s of CPU"
        if how is cut_the_line:
            page["cut_cpu"] = used - before
            assert "Timeout, client not responding" in (host.base / "sshd.log").read_text()


def test_without_a_shell_and_a_size(host, page):
    """TUI-5: as in `kubectl exec`: no shell around it, and a size that comes later."""
    host = host()
    with host.ssh("exec bin/" + VIEWER, size=(0, 0)) as far:
        while is_picture(far.text()) or not far.frames():
            assert far.process.poll() is None
            far.read(1)
        far.resize(100, 30)
        far.until("picture", lambda s: is_picture(s) and len(s.splitlines()) == 30)
        clean(far.settle(1))
        far.send("\x1a")
        page["exec"] = clean(far.shows("there is no shell to go back to"))
        far.send("q")
        assert far.wait() == 0
        assert far.modes() == (set(), True)


@pytest.mark.parametrize("answers", [ANSWERS, b""], ids=["answers", "silence"])
def test_answers_that_take_long(host, answers):
    """TUI-5: what a terminal says, long after it was asked and the user has left, does not come out in the shell."""
    host = host(delay=0.35)
    with login(host, term="xterm-256color", answers=answers) as far:
        clean(view(far))
        far.send("q")
        far.until("prompt", is_prompt)
        far.send(f"{VIEWER}\rq")
        far.until("prompt", lambda s: s.count(VIEWER) == 2 and is_prompt(s))
        far.settle(1.5)
        far.send("echo done\r")
        far.until("echo", lambda s: "\ndone\n" in s and is_prompt(s))
        assert clean(far.text()).endswith(f"{PROMPT} {VIEWER}\n{PROMPT} echo done\ndone\n{PROMPT}"), far.text()
