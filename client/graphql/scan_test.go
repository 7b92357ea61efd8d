package graphql

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOperation(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		document, name string
		want           kind
		err            error
	}{
		{"{a}", "", query, nil},
		{"\uFEFF  ,, # mutation\r{a}", "", query, nil},
		{"query Q($a: [Int!]! = [1, 2], $o: In = {x: {y: \"}\"}}) @d(a: {b: 1}) { a }", "", query, nil},
		{"mutation Q($o: In = {x: 1}) { a }", "Q", mutation, nil},
		{"query A { a } mutation B { b } fragment F on T { c { d } }", "B", mutation, nil},
		{"query A { a } mutation B { b } fragment F on T { c { d } }", "A", query, nil},
		{"fragment mutation on T { c } query A { ...mutation }", "", query, nil},
		{"query A { a } mutation A { b }", "A", unknown, nil},
		{"mutation", "", unknown, nil},
		{"{ a(s: \"{ \\\" }\") }", "", query, nil},
		{"{ a(s: \"\"\" } \\\"\"\" { \"\"\") }", "", query, nil},
		{"{ a(s: \"\"\"\"\"\") } # }", "", query, nil},
		{"{ a(s: \"never ends) } mutation { b }", "", unknown, nil},
		{"{ a(s: \"line\nbreak\") }", "", unknown, nil},
		{"{ a(s: \"\"\"never ends\\\"\"\") }", "", unknown, nil},
		{"{ a ) } mutation { b }", "", unknown, nil},
		{"{ a } }", "", unknown, nil},
		{"{ a } b", "", unknown, nil},
		{"query ( { ) { a }", "", unknown, nil},
		{"extend type T { a: Int }", "", unknown, nil},
		{"subscription S { a }", "S", subscription, nil},
		{"Query { a }", "", unknown, nil},
		{"", "", unknown, errEmpty},
		{"fragment F on T { a }", "", unknown, errEmpty},
		{"query A { a } { b }", "", unknown, errWhich},
		{"query A { a }", "a", unknown, errNoOperation},
		{"{ a }", "A", unknown, errNoOperation},
	} {
		got, err := operation(tt.document, tt.name)
		require.Equal(t, tt.err, err, tt.document)
		require.Equal(t, tt.want, got, tt.document)
	}
}

func FuzzOperation(f *testing.F) {
	f.Add("query A { a }", "A")
	f.Fuzz(func(t *testing.T, document, name string) {
		_ = soleName(document)
		k, err := operation(document, name)
		if err != nil && k != unknown {
			t.Fatalf("%v and %v", k, err)
		}
		// What holds no such word as a whole is no mutation, and the other way round: no
		// document without "query" or an anonymous selection is taken for a query.
		if k == mutation && !strings.Contains(document, "mutation") {
			t.Fatal("a mutation from nowhere")
		}
		if k == query && name != "" && !strings.Contains(document, "query") {
			t.Fatal("a named query from nowhere")
		}
		// A mutation in front makes it another document, which is never taken for a query
		// without a name.
		if again, _ := operation("mutation M { a } "+document, ""); again == query {
			t.Fatal("taken for a query")
		}
	})
}

func TestSoleName(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		"query A { a }": "A", "mutation B($i: I = {x: 1}) @d { a }": "B", "{ a }": "", "query { a }": "", "": "",
		"fragment F on T { a } query A { ...F }": "A", "query A { a } fragment F on T { a }": "A", "query A { a": "", "query A ) { a }": "",
	} {
		require.Equal(t, want, soleName(document), document)
	}
}
