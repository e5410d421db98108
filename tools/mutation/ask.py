"""Asks the server of ``tools.mutation.server`` for one run: what Cosmic Ray calls as its test command."""

import socket
import sys

with socket.socket(socket.AF_UNIX) as line:
    line.connect(sys.argv[1])
    answer = line.recv(1)
sys.exit(answer[0] if answer else 97)
