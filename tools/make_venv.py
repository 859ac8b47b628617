"""Make the virtual environment, or install into it; says in one sentence what is missing.

Runs under any Python 3 before anything is installed, so it uses the standard library and old syntax only.
"""

import importlib.util
import os
import shutil
import subprocess
import sys

OLDEST = (3, 11)


def fail(sentence):
    sys.exit("make: " + sentence)


def make(venv):
    if sys.version_info < OLDEST:
        fail(
            "Python %d.%d or newer is needed, %s is %s; name another with `make PYTHON=python3.12`"
            % (OLDEST + (sys.executable, sys.version.split()[0]))
        )
    print("making %s with Python %s" % (venv, sys.version.split()[0]), flush=True)
    if shutil.which("uv"):
        run(["uv", "venv", "--quiet", "--allow-existing", "--python", sys.executable, venv])
        return
    if importlib.util.find_spec("ensurepip") is None:
        fail(
            "this Python cannot make virtual environments (no ensurepip): install python3-venv (Debian, Ubuntu), or uv"
        )
    run([sys.executable, "-m", "venv", venv])


def install(venv, what):
    python = os.path.join(venv, "bin", "python")
    nbytes = "275 MB" if "[dev" in what else "180 MB"
    print("installing %s into %s (the first time this downloads about %s)" % (what, venv, nbytes), flush=True)
    if shutil.which("uv"):
        command = ["uv", "pip", "install", "--python", python]
    else:
        command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    run(command + ["--constraint", "constraints.txt", "--editable", what])


def run(command):
    try:
        code = subprocess.call(command)
    except OSError as error:
        fail("%s could not be started (%s)" % (command[0], error))
    if code != 0:
        fail("`%s` failed with exit code %d; its message stands above" % (" ".join(command), code))


def main(arguments):
    if len(arguments) == 3 and arguments[1] == "--install":
        install(arguments[0], arguments[2])
    elif len(arguments) == 1:
        make(arguments[0])
    else:
        fail("usage: make_venv.py VENV [--install REQUIREMENT]")


if __name__ == "__main__":
    main(sys.argv[1:])
