package client

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A parameter is added and removed without a change to the others.
func TestQueryIsChangedAsText(t *testing.T) {
	for _, tc := range []struct{ raw, set, dropped string }{
		{"", "k=a+b", ""},
		{"z=1&a=2", "z=1&a=2&k=a+b", "z=1&a=2"},
		{"q=a%20b&flag&t=10:00,x", "q=a%20b&flag&t=10:00,x&k=a+b", "q=a%20b&flag&t=10:00,x"},
		{"SignedHeaders=host;date&x=1", "SignedHeaders=host;date&x=1&k=a+b", "SignedHeaders=host;date&x=1"},
		{"$filter=name%20eq%20'x'&%24top=1", "$filter=name%20eq%20'x'&%24top=1&k=a+b", "$filter=name%20eq%20'x'&%24top=1"},
		{"k=old", "k=a+b", ""},
		{"k=1&b=2&%6B=3&k&k=", "b=2&k=a+b", "b=2"},
		{"kk=1&K=2&%zz=3", "kk=1&K=2&%zz=3&k=a+b", "kk=1&K=2&%zz=3"},
		{"a&&b", "a&&b&k=a+b", "a&&b"},
	} {
		require.Equal(t, tc.set, withParam(tc.raw, "k", "a b"), tc.raw)
		require.Equal(t, tc.dropped, withoutParam(tc.raw, "k"), tc.raw)
		require.Equal(t, tc.raw, withoutParam(tc.raw, "other"), tc.raw)
	}
}

// What cannot be decoded is compared as it is written.
func TestAnUndecodableParameter(t *testing.T) {
	require.Equal(t, "a=1", withoutParam("%zz=3&a=1", "%zz"))
	require.Equal(t, "a=1&%zz=4", strings.Replace(withParam("%zz=3&a=1", "%zz", "4"), "%25zz", "%zz", 1))
}

func FuzzWithParam(f *testing.F) {
	f.Add("z=1&a=2;b&%6B=3", "k", "v &=")
	f.Fuzz(func(t *testing.T, raw, name, value string) {
		got := withParam(raw, name, value)
		last := got[strings.LastIndexByte(got, '&')+1:]
		parsed, err := url.ParseQuery(last)
		if err != nil || len(parsed[name]) != 1 || parsed[name][0] != value {
			t.Fatalf("%q of %q does not say %q=%q: %v", last, raw, name, value, err)
		}
		if again := withParam(got, name, value); again != got {
			t.Fatalf("%q becomes %q when set again", got, again)
		}
		rest := withoutParam(got, name)
		if v, _ := url.ParseQuery(rest); v.Has(name) {
			t.Fatalf("%q still has %q", rest, name)
		}
		if !strings.Contains(raw, "&") && !strings.Contains(got, raw) && withoutParam(raw, name) == raw {
			t.Fatalf("%q is changed in %q", raw, got)
		}
	})
}
