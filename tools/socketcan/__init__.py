"""Tests on real SocketCAN: on this kernel if it can, else inside user-mode Linux."""
