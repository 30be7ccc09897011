"""What docs/ssh.md says around the screens and numbers of one run of test_ssh.py."""

PAGE = """# Over a slow line

Written by a run of `tests/system/test_ssh.py`:

    FGM_TEST_SSH_PAGE=docs/ssh.md python -m pytest tests/system/test_ssh.py

It starts Debian's sshd in a network namespace of its own and ssh in another. Between them each packet takes 100 ms each
way: 200 ms until the far end has answered anything. There is no LANG, TERM is `xterm`, the terminal has 80×24 characters.
What comes out of ssh is shown by a terminal emulator (pyte) and compared with the same viewer run on this side: the
screens must be equal, and nothing may be on them that is not the viewer's.

## The first picture

`{viewer}` and Enter:

```text
{first}
```

{bytes} bytes of the viewer's in {frames} frames, {down} bytes on the line with everything that ssh and TCP add, in {down_pieces}
pieces. What the viewer shows first needs nothing back from the terminal: ssh sent the Enter key and nothing else, so that
the picture takes one way there and one way back. (With 256 colours and more the viewer asks for the background colour; it
draws without waiting for the answer, and waits for it at the end for at most 1.5 s, lest it come out in the shell.)

## Keys

| | bytes | frames |
|---|---|---|
| `h`, the cursor | {cursor} | {cursor_frames} |
| `h` 40 times in one piece, as when the line was stuck | {held_bytes} | {held_frames} |
| `+`, zoom | {zoom} | {zoom_frames} |
| `H`, pan | {pan} | {pan_frames} |

Sequences that the line cuts, a quarter of a second between the pieces, are keys, clicks and pasted text still. An escape
waits 50 ms for its rest; what comes later is recognized for up to a second, so that at worst there is an Esc too many, but
no letters.

## Away and back

`ctrl-z` at the first picture, in a shell that was cleared before; `fg` shows the picture again:

```text
{stopped}
```

As in `kubectl exec`, without a shell around it and with a size of 0×0 at first, then 100×30; `ctrl-z` is refused:

```text
{exec}
```

When the line is cut, sshd notices (here after 3 s: `ClientAliveInterval 1`, `ClientAliveCountMax 3`) and the viewer ends;
until then it used {cut_cpu:.2f} s of CPU.
"""
