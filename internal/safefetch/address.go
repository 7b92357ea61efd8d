package safefetch

import (
	"errors"
	"net/netip"
)

// ErrAddress is wrapped by the error for an address that is not public.
var ErrAddress = errors.New("not a public address")

// special are ranges that no public service answers from and that the methods of
// netip.Addr do not cover (IANA IPv4 and IPv6 Special-Purpose Address
// Registries).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"),     // protocol assignments, Teredo among them
	netip.MustParsePrefix("2001:db8::/32"), // documentation
	netip.MustParsePrefix("2002::/16"),     // 6to4, which embeds an IPv4 address
	netip.MustParsePrefix("3fff::/20"),     // documentation
}

var (
	global = netip.MustParsePrefix("2000::/3") // all that is allocated as IPv6 unicast
	nat64  = netip.MustParsePrefix("64:ff9b::/96")
)

// Public reports whether a is an address on the public internet: the form it is
// written in (IPv4, IPv4-mapped IPv6, NAT64) makes no difference.
func Public(a netip.Addr) bool {
	if a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !global.Contains(a) {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
