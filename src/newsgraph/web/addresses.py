"""Addresses of the Internet as connections and headers have them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """None: it is no address. An IPv4 address that is written as an IPv6 one (RFC 4291, 2.5.5.2) is the former."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
