package stripetest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// object is one of Stripe's, as JSON.
type object = map[string]any

// account is what one account has. The server's lock guards it.
type account struct {
	id      string // "" is the platform's own
	srv     *Server
	objects map[string]object   // by ID
	kinds   map[string][]string // IDs by kind, oldest first
}

// make adds an object of a kind, with what all have.
func (a *account) make(kind, prefix string) object {
	a.srv.made[prefix]++
	id := prefix + "_" + strconv.Itoa(a.srv.made[prefix])
	o := object{"id": id, "object": kind, "created": a.now(), "livemode": false, "metadata": map[string]any{}}
	a.objects[id] = o
	a.kinds[kind] = append(a.kinds[kind], id)
	return o
}

func (a *account) now() int64 { return a.srv.now().Unix() }

// forget takes back an object that was made for a request which failed.
func (a *account) forget(o object) {
	id, kind := idOf(o), text(o, "object")
	delete(a.objects, id)
	a.kinds[kind] = slices.DeleteFunc(a.kinds[kind], func(other string) bool { return other == id })
}

// find returns the object of a kind that param names.
func (a *account) find(kind, id, param string) (object, *failure) {
	o, ok := a.objects[id]
	if !ok || o["object"] != kind {
		return nil, noSuch(strings.ReplaceAll(last(kind), "_", " "), id, param)
	}
	return o, nil
}

// last is the last part of "checkout.session".
func last(kind string) string { return kind[strings.LastIndexByte(kind, '.')+1:] }

// refers checks that the objects exist which parameters name.
func (a *account) refers(params map[string]any, kinds map[string]string) *failure {
	for _, param := range slices.Sorted(maps.Keys(kinds)) {
		id := text(params, param)
		if id == "" {
			continue
		}
		o, wrong := a.find(kinds[param], id, param)
		if wrong != nil {
			return wrong
		}
		if o["deleted"] == true {
			return noSuch(kinds[param], id, param)
		}
	}
	return nil
}

// happened adds an event.
func (a *account) happened(kind string, o object) {
	e := a.make("event", "evt")
	delete(e, "metadata")
	e["api_version"], e["type"], e["pending_webhooks"] = version, kind, 1
	e["request"] = object{"id": nil, "idempotency_key": nil}
	e["data"] = object{"object": snapshot(o)}
	if a.id != "" {
		e["account"] = a.id
	}
	a.srv.events = append(a.srv.events, snapshot(e))
}

// snapshot is a copy that later changes do not reach.
func snapshot(o object) object {
	raw, err := json.Marshal(o)
	if err != nil {
		panic(err) // a fake's own objects always can
	}
	var copied object
	decoder := json.NewDecoder(strings.NewReader(string(raw)))
	decoder.UseNumber() // an amount is an integer of any size
	if err := decoder.Decode(&copied); err != nil {
		panic(err)
	}
	return copied
}

func idOf(o object) string { return text(o, "id") }

func amountOf(o object, name string) int64 {
	n, _ := o[name].(int64)
	return n
}

// page lists the objects of a kind, newest first, as the parameters select them.
func (a *account) page(kind, url string, params map[string]any, except func(object) bool) (object, *failure) {
	var all []object
	for _, id := range slices.Backward(a.kinds[kind]) {
		if o := a.objects[id]; o["deleted"] != true && !except(o) && selected(o, params) {
			all = append(all, o)
		}
	}
	limit, given, wrong := number(params, "limit")
	if wrong != nil {
		return nil, wrong
	}
	if !given {
		limit = 10
	}
	if limit < 1 || limit > 100 {
		return nil, invalid("limit", "parameter_invalid_integer", "The limit is between 1 and 100.")
	}
	at := func(param string) (int, *failure) {
		id := text(params, param)
		i := slices.IndexFunc(all, func(o object) bool { return idOf(o) == id })
		if i < 0 {
			return 0, noSuch(strings.ReplaceAll(last(kind), "_", " "), id, param)
		}
		return i, nil
	}
	more := false
	switch {
	case text(params, "ending_before") != "":
		i, wrong := at("ending_before")
		if wrong != nil {
			return nil, wrong
		}
		from := max(0, i-int(limit))
		all, more = all[from:i], from > 0
	case text(params, "starting_after") != "":
		i, wrong := at("starting_after")
		if wrong != nil {
			return nil, wrong
		}
		all = all[i+1:]
		fallthrough
	default:
		if len(all) > int(limit) {
			all, more = all[:limit], true
		}
	}
	return listOf(all, url, more), nil
}

func listOf(items []object, url string, more bool) object {
	data := make([]any, len(items))
	for i, o := range items {
		data[i] = o
	}
	return object{"object": "list", "url": url, "has_more": more, "data": data}
}

// selected reports whether an object is as the parameters of a list say: each that is no
// cursor is a field, and created may be a range.
func selected(o object, params map[string]any) bool {
	for name, want := range params {
		if slices.Contains(everywhere, name) || name == "status" && want == "all" {
			continue
		}
		switch want := want.(type) {
		case string:
			if fmt.Sprint(o[name]) != want {
				return false
			}
		case []any:
			if name = strings.TrimSuffix(name, "s"); !slices.ContainsFunc(want, func(v any) bool { return v == o[name] }) {
				return false
			}
		case map[string]any:
			have, isNumber := o[name].(int64)
			for op, bound := range want {
				n, err := strconv.ParseInt(fmt.Sprint(bound), 10, 64)
				c := cmp.Compare(have, n)
				if !isNumber || err != nil || op == "gt" && c <= 0 || op == "gte" && c < 0 || op == "lt" && c >= 0 || op == "lte" && c > 0 {
					return false
				}
			}
		}
	}
	return true
}

// expanded is a copy of an object in which the IDs at these paths are the objects.
func (a *account) expanded(o object, paths any) object {
	list, _ := paths.([]any)
	out := snapshot(o)
	for _, path := range list {
		a.expand(out, strings.Split(fmt.Sprint(path), "."))
	}
	return out
}

func (a *account) expand(in any, path []string) {
	switch in := in.(type) {
	case []any:
		for _, item := range in {
			a.expand(item, path)
		}
	case map[string]any:
		if len(path) == 0 {
			return
		}
		if path[0] == "line_items" && in["object"] == "checkout.session" {
			in[path[0]] = snapshot(a.lineItems(idOf(in)))
		} else if id, ok := in[path[0]].(string); ok && a.objects[id] != nil {
			in[path[0]] = snapshot(a.objects[id])
		}
		a.expand(in[path[0]], path[1:])
	}
}
