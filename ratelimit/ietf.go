package ratelimit

import (
	"net/http"
	"time"
)

// appendIETF reads RateLimit with RateLimit-Policy. A field that is not a valid
// structured field (RFC 9651) is ignored whole, as that RFC requires.
func appendIETF(dst []Limit, h http.Header) []Limit {
	limits := parseMembers(h["Ratelimit"])
	if len(limits) == 0 {
		return dst
	}
	policies := parseMembers(h["Ratelimit-Policy"])
	if !limits[0].quoted && limits[0].value != "" { // version 07: limit=100, remaining=50, reset=5
		return appendSingle(dst, limits, policies)
	}
	for _, m := range limits {
		l := Limit{Name: m.name, Quota: -1, Remaining: -1, Reset: -1}
		for _, p := range policies {
			if p.name == m.name {
				applyPolicy(&l, p)
			}
		}
		if n, ok := count(m.params.r); ok {
			l.Remaining = n
		}
		if d, ok := decimal(m.params.t, time.Second); ok && d <= futureReset {
			l.Reset = d
		}
		if len(l.Name) <= maxName && (l.Remaining >= 0 || l.Reset >= 0) {
			dst = append(dst, l)
		}
	}
	return dst
}

func applyPolicy(l *Limit, p member) {
	if n, ok := count(p.params.q); ok {
		l.Quota = n
	}
	if d, ok := decimal(p.params.w, time.Second); ok && d <= futureReset {
		l.Window = d
	}
	if unit := p.params.qu; unit != "" && unit != "requests" {
		l.Weighted = true
	}
}

func appendSingle(dst []Limit, members, policies []member) []Limit {
	l := Limit{Quota: -1, Remaining: -1, Reset: -1}
	for _, m := range members {
		switch m.name {
		case "limit":
			if n, ok := count(m.value); ok {
				l.Quota = n
			}
		case "remaining":
			if n, ok := count(m.value); ok {
				l.Remaining = n
			}
		case "reset":
			if d, ok := decimal(m.value, time.Second); ok && d <= futureReset {
				l.Reset = d
			}
		}
	}
	if l.Remaining < 0 && l.Reset < 0 {
		return dst
	}
	for _, p := range policies { // 100;w=60
		n, ok := count(p.name)
		if d, valid := decimal(p.params.w, time.Second); ok && n == l.Quota && valid && d <= futureReset {
			l.Window = d
		}
	}
	return append(dst, l)
}
