package ratelimit

import (
	"reflect"
	"slices"
)

// All returns a limiter that lets a call through when every one of limiters
// does, such as 10 a second and 5,000 a day. Of this package's limiters a token is
// taken from all or from none, at the moment when all have one: tokens of the
// faster limiter do not pile up while the slower one is waited for. Limiters from
// elsewhere are waited for one after the other, before the rest; when a later one
// refuses, those that implement [Returner] get their token back. Where one of them is a
// [Releaser], so is what All returns.
//
// Nil limiters and repetitions are left out. Without any limiter every call passes.
func All(limiters ...Limiter) Limiter {
	own := &all{lines: make(map[string]*line)}
	var others []Limiter
	var held []Releaser
	for i, l := range limiters {
		if l == nil || repeated(limiters[:i], l) {
			continue
		}
		if t, ok := l.(taker); ok {
			own.takers = append(own.takers, t)
			own.joint = own.joint || isJoint(t)
		} else {
			others = append(others, l)
		}
		if r, ok := l.(Releaser); ok {
			held = append(held, r)
		}
	}
	switch m := (&mixed{own: own, others: others}); {
	case len(others) == 0 && len(held) == 0:
		return own
	case len(others) == 0:
		return &allHeld{own, held}
	case len(held) == 0:
		return m
	default:
		return &mixedHeld{m, held}
	}
}

// repeated reports whether l is among those before. A limiter that holds what cannot be
// compared, such as a function, equals no other.
func repeated(before []Limiter, l Limiter) bool {
	return reflect.ValueOf(l).Comparable() &&
		slices.ContainsFunc(before, func(b Limiter) bool { return b != nil && reflect.ValueOf(b).Comparable() && b == l })
}

// releaseAll releases key in each of held, also where one of them panics.
func releaseAll(held []Releaser, key string) {
	if len(held) == 0 {
		return
	}
	defer releaseAll(held[1:], key)
	held[0].Release(key)
}

// allHeld is all where some of the limiters are to hear of a call's end.
type allHeld struct {
	*all
	held []Releaser
}

// Release ends a call in the limiters that count those under way.
func (a *allHeld) Release(key string) {
	defer a.rouse(key)
	releaseAll(a.held, key)
}

// mixedHeld is mixed where some of the limiters are to hear of a call's end.
type mixedHeld struct {
	*mixed
	held []Releaser
}

// Release ends a call in the limiters that count those under way.
func (m *mixedHeld) Release(key string) {
	defer m.own.rouse(key)
	releaseAll(m.held, key)
}

// isJoint reports whether keys draw on each other's tokens in t.
func isJoint(t taker) bool {
	switch t := t.(type) {
	case togetherTaker, togetherTakerHeld:
		return true
	case *all:
		return t.joint
	case *allHeld:
		return t.joint
	}
	return false
}
