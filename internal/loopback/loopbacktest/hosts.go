// Package loopbacktest holds the cases of the loopback rule, so that every
// package that applies it is held to the same ones.
package loopbacktest

import "strings"

// Hosts says of each host, as [net/url.URL.Hostname] returns it, whether it is
// this machine.
var Hosts = map[string]bool{
	"localhost":        true,
	"127.0.0.1":        true,
	"127.0.0.53":       true,
	"127.255.255.254":  true,
	"::1":              true,
	"0:0:0:0:0:0:0:1":  true,
	"::ffff:127.0.0.1": true,
	"::ffff:7f00:1":    true,

	"":                       false,
	"LOCALHOST":              false,
	"Localhost":              false,
	"localhost.":             false,
	"api.localhost":          false,
	".localhost":             false,
	"localhost.localdomain":  false,
	"localhost.evil.example": false,
	"xlocalhost":             false,
	"localhos":               false,
	"localho\u017ft":         false, // folds onto localhost
	"\uff4cocalhost":         false,
	"ip6-localhost":          false,
	"127.0.0.1.":             false,
	"127.0.0.1.nip.io":       false,
	"127.1":                  false,
	"127.0.1":                false,
	"127.0.0.01":             false,
	"0177.0.0.1":             false,
	"0x7f.0.0.1":             false,
	"0x7f000001":             false,
	"2130706433":             false,
	"017700000001":           false,
	" 127.0.0.1":             false,
	"127.0.0.1 ":             false,
	"0":                      false,
	"0.0.0.0":                false,
	"128.0.0.1":              false,
	"126.255.255.255":        false,
	"10.0.0.1":               false,
	"169.254.169.254":        false,
	"::":                     false,
	"::2":                    false,
	"::1%lo":                 false,
	"::1%25lo":               false,
	"fe80::1%lo0":            false,
	"::127.0.0.1":            false, // IPv4-compatible, long out of use
	"::ffff:10.0.0.1":        false,
	"::ffff:0:127.0.0.1":     false, // IPv4-translated
	"64:ff9b::7f00:1":        false, // NAT64
	"2002:7f00:1::":          false, // 6to4
	"fd00::1":                false,
	"api.example.com":        false,
}

// URL returns an http URL with host in it. Not every one can be parsed.
func URL(host string) string {
	if strings.Contains(host, ":") {
		host = "[" + strings.ReplaceAll(host, "%", "%25") + "]"
	}
	return "http://" + host + ":8080"
}
