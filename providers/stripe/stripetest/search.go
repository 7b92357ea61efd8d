package stripetest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// clause is one of a query: email:"a", metadata["order"]:"17", name~"ab", -status:"x".
var clause = regexp.MustCompile(`^(-?)([a-z_.]+)(?:\[["']([^"']+)["']\])?(:|~|>=|<=|>|<)(?:"([^"]*)"|'([^']*)'|([0-9]+))$`)

// search finds objects by a query whose clauses are joined by AND or by OR ("Search
// query language", Stripe docs).
func (a *account) search(kind, url string, params map[string]any) (object, *failure) {
	query := strings.TrimSpace(text(params, "query"))
	if query == "" {
		return nil, missing("query")
	}
	by, any := " AND ", false
	if strings.Contains(query, " OR ") {
		by, any = " OR ", true
	}
	var tests []func(object) bool
	for part := range strings.SplitSeq(query, by) {
		m := clause.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil {
			return nil, invalid("query", "", "We were unable to parse your search query.")
		}
		tests = append(tests, func(o object) bool { return matches(o, m) != (m[1] == "-") })
	}
	var found []object
	for _, id := range slices.Backward(a.kinds[kind]) {
		o := a.objects[id]
		n := 0
		for _, test := range tests {
			if test(o) {
				n++
			}
		}
		if o["deleted"] != true && (n == len(tests) || any && n > 0) {
			found = append(found, o)
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
	from := 0
	if page := text(params, "page"); page != "" {
		var err error
		if from, err = strconv.Atoi(strings.TrimPrefix(page, "page_")); err != nil || from < 0 || from > len(found) {
			return nil, invalid("page", "", "The page is none of this search.")
		}
	}
	to := min(len(found), from+int(limit))
	list := listOf(found[from:to], url, to < len(found))
	list["object"], list["next_page"] = "search_result", nil
	if to < len(found) {
		list["next_page"] = "page_" + strconv.Itoa(to)
	}
	return list, nil
}

func matches(o object, m []string) bool {
	have := o[m[2]]
	if m[3] != "" {
		inner, _ := have.(map[string]any)
		have = inner[m[3]]
	}
	want := m[5] + m[6] + m[7]
	switch m[4] {
	case ":":
		return have != nil && strings.EqualFold(fmt.Sprint(have), want)
	case "~":
		return have != nil && strings.Contains(strings.ToLower(fmt.Sprint(have)), strings.ToLower(want))
	}
	n, ok := have.(int64)
	bound, err := strconv.ParseInt(want, 10, 64)
	if !ok || err != nil {
		return false
	}
	return m[4] == ">" && n > bound || m[4] == ">=" && n >= bound || m[4] == "<" && n < bound || m[4] == "<=" && n <= bound
}
