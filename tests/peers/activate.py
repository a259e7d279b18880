#!/usr/bin/env python3
"""Starts a program with a socket that listens already, as systemd does (sd_listen_fds(3)).

Usage: activate.py PORT PROGRAM ARGUMENT…
"""

import os
import socket
import sys

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
# The first one is number 3, and stays open in the program.
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
environment = {**os.environ, "LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execve(sys.argv[2], sys.argv[2:], environment)
