package onredis

import (
	"errors"
	"fmt"
	"time"
)

// answer is what the script returned.
type answer struct {
	status  int
	now     int64 // microseconds
	wait    time.Duration
	members int
	clamped int64
	grants  []time.Duration
	pauses  map[string]time.Duration
	limits  []string
}

var errShape = errors.New("the script returned something else than it is written to")

func readAnswer(got any, limits []Limit) (r answer, err error) {
	list, _ := got.([]any)
	if len(list) != 8 {
		return r, errShape
	}
	var n [5]int64
	for i := range n {
		v, ok := list[i].(int64)
		if !ok {
			return r, errShape
		}
		n[i] = v
	}
	r.status, r.now, r.wait = int(n[0]), n[1], time.Duration(n[2])*time.Microsecond
	r.members, r.clamped = int(n[3]), n[4]
	grants, _ := list[5].([]any)
	for _, g := range grants {
		v, ok := g.(int64)
		if !ok {
			return r, errShape
		}
		r.grants = append(r.grants, time.Duration(v)*time.Microsecond)
	}
	told, _ := list[6].([]any)
	for i := 0; i+1 < len(told); i += 2 {
		route, ok := told[i].(string)
		left, isNumber := told[i+1].(int64)
		if !ok || !isNumber {
			return r, errShape
		}
		if r.pauses == nil {
			r.pauses = make(map[string]time.Duration)
		}
		r.pauses[route] = time.Duration(left) * time.Microsecond
	}
	states, _ := list[7].([]any)
	if len(states) != len(limits) {
		return r, errShape
	}
	for i, s := range states {
		text, ok := s.(string)
		var n [4]int64
		count, _ := fmt.Sscan(text, &n[0], &n[1], &n[2], &n[3])
		if want := map[kind]int{rateKind: 1, quotaKind: 4, slotsKind: 1}[limits[i].kind]; !ok || count != want {
			return r, errShape
		}
		r.limits = append(r.limits, text)
	}
	return r, nil
}
