// Package loopback is the module's one rule for which hosts are this machine:
// where plain http may carry what is secret.
package loopback

import "net/netip"

// Host reports whether host is this machine: a literal loopback address
// (127.0.0.0/8, ::1, and the former written as IPv4-mapped IPv6) or exactly
// "localhost". host comes without a port and without brackets, as
// [net/url.URL.Hostname] returns it.
//
// Everything else could be somebody else's, and a proxy of the environment gets to
// see it: a name below localhost, "LOCALHOST", "localhost." with its dot. Decimal,
// octal and hexadecimal forms ("2130706433", "0177.0.0.1") are read differently by
// different programs; an address with a zone names an interface.
func Host(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.Unmap().IsLoopback()
}
