"""Note every packet of this network namespace that leaves, and every name that is asked outside.

    nsenter -t PID -n python capture.py '["10.0.0.0/24"]' '["postgres"]'

It says "listening" once it does, notes until its standard input ends, and then prints one JSON
object: how many packets it saw, and what it found, in words. Only the standard library is used.
"""

import ipaddress
import json
import select
import socket
import struct
import sys
from collections.abc import Sequence

ALL_KINDS = 3
IPV4, IPV6, UDP = 0x0800, 0x86DD, 17
# What never leaves a link or a machine.
LOCAL = ("127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/24", "::1/128", "fe80::/10", "ff00::/8")
# Docker's resolver in every container; and the ports of DNS, Consul's among them.
RESOLVER, DNS = "127.0.0.11", (53, 8600)


class Watch:
    """What was seen so far."""

    def __init__(self, networks: Sequence[str], names: Sequence[str]) -> None:
        """Take the networks and the names that are inside."""
        self._networks = [ipaddress.ip_network(one) for one in (*networks, *LOCAL)]
        self._names = set(names)
        self.packets = 0
        self.found: set[str] = set()

    def see(self, kind: int, packet: bytes) -> None:
        """Judge a packet, without its link's header."""
        self.packets += 1
        if kind == IPV4:
            size, protocol = (packet[0] & 15) * 4, packet[9]
            self._judge(socket.inet_ntop(socket.AF_INET, packet[16:20]), protocol, packet[size:])
        elif kind == IPV6:
            self._judge(socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[6], packet[40:])

    def _judge(self, address: str, protocol: int, body: bytes) -> None:
        place = ipaddress.ip_address(address)
        if not any(place in network for network in self._networks):
            self.found.add(f"a packet to {address}")
        if protocol == UDP and len(body) > 20:
            [port] = struct.unpack("!H", body[2:4])
            if address == RESOLVER or port in DNS:
                self._judge_name(question(body[8:]))

    def _judge_name(self, name: str) -> None:
        if name and name not in self._names and not name.endswith(".consul"):
            self.found.add(f"a question for {name}")


def question(message: bytes) -> str:
    """Read the name that a DNS message asks for (RFC 1035, section 4.1); empty for an answer."""
    if len(message) < 13 or message[2] & 0x80:
        return ""
    labels, at = [], 12
    while at < len(message) and message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]])
        at += 1 + message[at]
    return b".".join(labels).decode("ascii", "replace").lower().removesuffix(".")


def main() -> None:
    """Watch until standard input ends."""
    watch = Watch(json.loads(sys.argv[1]), json.loads(sys.argv[2]))
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_KINDS)) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        print("listening", flush=True)
        while True:
            ready, _, _ = select.select([line, sys.stdin], [], [])
            if line in ready:
                packet, (_, kind, *_) = line.recvfrom(65_535)
                watch.see(kind, packet)
            elif sys.stdin in ready:
                break
    print(json.dumps({"packets": watch.packets, "found": sorted(watch.found)}))


if __name__ == "__main__":
    main()
