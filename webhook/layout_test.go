package webhook_test

import (
	"crypto"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// addressed is a delivery to target whose content was signed with the key of a
// layout that uses X-Sig.
func addressed(t testing.TB, target, body, content string, headers ...string) *webhook.Request {
	t.Helper()
	u, err := url.Parse(target)
	require.NoError(t, err)
	r := post(body, append([]string{"X-Sig", hexMAC(rawKey, content)}, headers...)...)
	r.URL = u
	return r
}

func laidOut(layout webhook.Layout) (*webhook.Scheme, error) {
	layout.SignatureHeader = "X-Sig"
	return webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: layout}, secret.Static(rawKey), at(fixedTime))
}

// W28, W23: a scheme may sign method and URL, which is the configured one.
func TestW28_MethodAndURLAreSigned(t *testing.T) {
	t.Parallel()
	const hook = "https://example.com/hook?tenant=1"
	for name, c := range map[string]struct {
		layout  webhook.Layout
		content string // for a delivery of {} to /hook?tenant=1
	}{
		"url, body":           {webhook.Layout{URL: hook, Signed: "{url}{body}"}, hook + "{}"},
		"body, url":           {webhook.Layout{URL: hook, Signed: "{body}{url}"}, "{}" + hook},
		"method, url, body":   {webhook.Layout{URL: hook, Signed: "{method}{url}{body}"}, "POST" + hook + "{}"},
		"path and query":      {webhook.Layout{URL: hook, Signed: "{method}\n{path}\n{query}\n{body}"}, "POST\n/hook\ntenant=1\n{}"},
		"path touches query":  {webhook.Layout{URL: hook, Signed: "{path}{query}.{body}"}, "/hooktenant=1.{}"},
		"method behind":       {webhook.Layout{URL: hook, Signed: "{body}{method}{url}"}, "{}POST" + hook},
		"url as received":     {webhook.Layout{URL: "https://example.com", Signed: "{url}|{body}"}, hook + "|{}"},
		"path as received":    {webhook.Layout{URL: "https://example.com", Signed: "{method}{path}?{query}|{body}"}, "POST/hook?tenant=1|{}"},
		"time touching a URL": {webhook.Layout{URL: hook, TimestampHeader: "X-Time", TimestampFormat: webhook.UnixMilliseconds, Signed: "{method}{url}{body}{timestamp}"}, "POST" + hook + "{}1750861210000"},
		"time behind a URL":   {webhook.Layout{URL: hook, TimestampHeader: "X-Time", TimestampFormat: webhook.UnixMilliseconds, Signed: "{timestamp}{url}{body}"}, "1750861210000" + hook + "{}"},
	} {
		s, err := laidOut(c.layout)
		require.NoError(t, err, name)
		verify := func(target, body string) error {
			_, err := s.Verify(t.Context(), addressed(t, target, body, c.content, "X-Time", "1750861210000"))
			return err
		}
		require.NoError(t, verify("/hook?tenant=1", "{}"), name)
		require.ErrorIs(t, verify("/hook?tenant=1", "{ }"), webhook.ErrMismatch, name)
		require.Error(t, verify("/hook?tenant=2", "{}"), name)
		require.Error(t, verify("/hook", "{}"), name)
		require.Error(t, verify("/hook?tenant=1&x=2", "{}"), name)
		// Nothing in a request says where it was sent.
		r := addressed(t, "/hook?tenant=1", "{}", strings.ReplaceAll(c.content, "example.com", "evil.example"), "X-Time", "1750861210000", "Host", "evil.example", "X-Forwarded-Host", "evil.example")
		if _, err := s.Verify(t.Context(), r); strings.Contains(c.content, "example.com") {
			require.ErrorIs(t, err, webhook.ErrMismatch, name)
		}
		r = addressed(t, "/hook?tenant=1", "{}", c.content, "X-Time", "1750861210000")
		r.URL = nil
		if _, err := s.Verify(t.Context(), r); c.layout.URL == hook {
			require.NoError(t, err, "what is configured whole needs no URL of the request")
		} else {
			require.ErrorIs(t, err, webhook.ErrMissing, name)
		}
	}
	// A path as it was received must not hold what delimits it.
	s, err := laidOut(webhook.Layout{URL: "https://example.com", Signed: "{path}|{body}"})
	require.NoError(t, err)
	u := &url.URL{Path: "/a|b", RawPath: "/a|b"}
	r := post("{}", "X-Sig", hexMAC(rawKey, u.EscapedPath()+"|{}"))
	r.URL = &url.URL{Path: "/x", RawQuery: "a"}
	_, err = s.Verify(t.Context(), r)
	require.ErrorIs(t, err, webhook.ErrMismatch)
	s, err = laidOut(webhook.Layout{URL: "https://example.com", Signed: "{query}|{body}"})
	require.NoError(t, err)
	_, err = s.Verify(t.Context(), addressed(t, "/x?a|b", "{}", "a|b|{}"))
	require.ErrorIs(t, err, webhook.ErrMalformed)

	for name, layout := range map[string]webhook.Layout{
		"no URL":                {Signed: "{url}{body}"},
		"no URL for a path":     {Signed: "{path}.{body}"},
		"no URL for a query":    {Signed: "{query}.{body}"},
		"URL is not signed":     {URL: hook},
		"a relative URL":        {URL: "/hook", Signed: "{url}{body}"},
		"another scheme":        {URL: "wss://example.com/hook", Signed: "{url}{body}"},
		"a fragment":            {URL: hook + "#x", Signed: "{url}{body}"},
		"a query without path":  {URL: "https://example.com?x=1", Signed: "{url}{body}"},
		"received URL touches":  {URL: "https://example.com", Signed: "{url}{body}"},
		"received path touches": {URL: "https://example.com", Signed: "{path}{query}.{body}"},
		"received URL behind":   {URL: "https://example.com", Signed: "{body}{url}"},
		"id touches the URL":    {URL: hook, IDHeader: "X-Id", Signed: "{id}{url}.{body}"},
		"id touches the method": {IDHeader: "X-Id", Signed: "{id}{method}.{body}"},
		"method behind an id":   {IDHeader: "X-Id", Signed: "{body}.{id}{method}"},
		"id behind the method":  {IDHeader: "X-Id", Signed: "{body}{method}{id}"},
		"seconds touch the URL": {URL: hook, TimestampHeader: "X-Time", Signed: "{timestamp}{url}{body}"},
		"seconds and a method":  {TimestampHeader: "X-Time", Signed: "{timestamp}{method}{body}"},
		"url twice":             {URL: hook, Signed: "{url}{url}{body}"},
		"method twice":          {Signed: "{method}.{method}.{body}"},
	} {
		_, err := laidOut(layout)
		require.ErrorIs(t, err, webhook.ErrConfig, name)
	}
}

// W28: a scheme may sign further headers.
func TestW28_HeadersAreSigned(t *testing.T) {
	t.Parallel()
	s, err := laidOut(webhook.Layout{Signed: "{header:x-tenant}|{header:X-Region}|{body}|{header:X-Last}"})
	require.NoError(t, err)
	good := func() *webhook.Request {
		return post("{}", "X-Sig", hexMAC(rawKey, "t1|eu|{}|z"), "X-Tenant", "t1", "X-Region", "eu", "X-Last", "z")
	}
	_, err = s.Verify(t.Context(), good())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(h http.Header)
		want   error
	}{
		"changed":     {func(h http.Header) { h.Set("X-Tenant", "t2") }, webhook.ErrMismatch},
		"swapped":     {func(h http.Header) { h.Set("X-Tenant", "eu"); h.Set("X-Region", "t1") }, webhook.ErrMismatch},
		"missing":     {func(h http.Header) { h.Del("X-Last") }, webhook.ErrMissing},
		"empty":       {func(h http.Header) { h.Set("X-Region", "") }, webhook.ErrMissing},
		"twice":       {func(h http.Header) { h.Add("X-Region", "eu") }, webhook.ErrDuplicate},
		"cut anew":    {func(h http.Header) { h.Set("X-Tenant", "t1|eu") }, webhook.ErrMalformed},
		"cut behind":  {func(h http.Header) { h.Set("X-Last", "|z") }, webhook.ErrMalformed},
		"other value": {func(h http.Header) { h.Set("X-Last", "zz") }, webhook.ErrMismatch},
	} {
		r := good()
		c.change(r.Header)
		_, err := s.Verify(t.Context(), r)
		require.ErrorIs(t, err, c.want, name)
	}
	for name, layout := range map[string]webhook.Layout{
		"twice":           {Signed: "{header:X-A}.{header:x-a}.{body}"},
		"touching":        {Signed: "{header:X-A}{header:X-B}.{body}"},
		"touching body":   {Signed: "{header:X-A}{body}"},
		"the signature's": {Signed: "{header:X-Sig}.{body}"},
		"the id's":        {IDHeader: "X-Id", Signed: "{header:x-id}.{body}"},
		"the type's":      {TypeHeader: "X-Type", Signed: "{header:X-Type}.{body}"},
		"the time's":      {TimestampHeader: "X-Time", Signed: "{timestamp}.{header:X-Time}.{body}"},
	} {
		_, err := laidOut(layout)
		require.ErrorIs(t, err, webhook.ErrConfig, name)
	}
	// What is no placeholder is text.
	for _, text := range []string{"{header:}", "{header:X", "{Body}", "{}"} {
		s, err := laidOut(webhook.Layout{Signed: "{body}|" + text})
		require.NoError(t, err)
		_, err = s.Verify(t.Context(), post("x", "X-Sig", hexMAC(rawKey, "x|"+text)))
		require.NoError(t, err, text)
	}
}

// W28: a signer by the same words agrees.
func TestW28_DescribedSignerAgrees(t *testing.T) {
	t.Parallel()
	const hook, signed = "https://example.com/hook?a=1", "{method}{url}{path}?{query}|{header:X-Tenant}|{id}|{type}|{body}"
	sign := webhooktest.HMAC(webhooktest.SchemeConfig{
		Provider: "acme", Signed: signed, Header: "X-Sig", IDHeader: "X-Id", TypeHeader: "X-Type", Hash: crypto.SHA512, Base64: true,
	}, []byte(rawKey)).WithURL(hook).WithHeader("X-Tenant", "t1").WithID("id-1").WithEvent("a.b")
	s, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Hash: crypto.SHA512, Layout: webhook.Layout{
		SignatureHeader: "X-Sig", Encoding: webhook.Base64, URL: hook, Signed: signed, IDHeader: "X-Id", TypeHeader: "X-Type",
	}}, secret.Static(rawKey))
	require.NoError(t, err)
	rec, err := s.Verify(t.Context(), received(t, sign.Request([]byte("{}"))))
	require.NoError(t, err)
	require.True(t, rec.EventIDSigned)
	require.True(t, rec.EventTypeSigned)
	require.Empty(t, rec.Untrusted)
	_, err = s.Verify(t.Context(), received(t, sign.WithURL("https://example.com/hook?a=2").Request([]byte("{}"))))
	require.ErrorIs(t, err, webhook.ErrMalformed)
}

// Whoever writes a layout is told what is wrong with it.
func TestLayoutErrorsNameTheMistake(t *testing.T) {
	t.Parallel()
	for want, layout := range map[string]webhook.Layout{
		"{id} twice":                   {IDHeader: "X-Id", Signed: "{id}.{id}.{body}"},
		"{header:X-A} twice":           {Signed: "{header:X-A}.{header:X-A}.{body}"},
		"nothing between {body}":       {IDHeader: "X-Id", Signed: "{id}{body}"},
		"no {body}":                    {IDHeader: "X-Id", Signed: "{id}"},
		"a digit beside {timestamp}":   {TimestampHeader: "X-Time", Signed: "{timestamp}1{body}"},
		"unknown timestamp format":     {TimestampHeader: "X-Time", TimestampFormat: 9, Signed: "{timestamp}.{body}"},
		"the URL is not absolute":      {URL: "/x", Signed: "{url}{body}"},
		"the URL is not one of https":  {URL: "ftp://example.com/x", Signed: "{url}{body}"},
		"the URL has a fragment":       {URL: "https://example.com/x#y", Signed: "{url}{body}"},
		"a query but no path":          {URL: "https://example.com?x", Signed: "{url}{body}"},
		"a URL must be both":           {URL: "https://example.com/x"},
		"signed by its own":            {Signed: "{header:X-Sig}.{body}"},
		"a timestamp must be both":     {Signed: "{timestamp}.{body}"},
		"format without a timestamp":   {TimestampFormat: webhook.RFC3339},
		"{id} is signed but has no":    {Signed: "{id}.{body}"},
		"{type} is signed but has no":  {Signed: "{type}.{body}"},
		"unknown encoding":             {Encoding: 7},
		"that of the first":            {OtherSignatureHeaders: []string{"X-Sig"}},
		"a timestamp in each":          {OtherSignatureHeaders: []string{"Y"}, Signed: "{timestamp}.{body}", Fields: &webhook.Fields{Signature: "s", Timestamp: "t"}},
		"two places for the timestamp": {TimestampHeader: "T", Signed: "{timestamp}.{body}", Fields: &webhook.Fields{Signature: "s", Timestamp: "t"}},
		"a list of fields has no":      {Prefix: "a", Fields: &webhook.Fields{Signature: "s"}},
		"have one name":                {Signed: "{timestamp}.{body}", Fields: &webhook.Fields{Signature: "s", Timestamp: "s"}},
		"no name for the signature":    {Fields: &webhook.Fields{}},
		"two different bytes":          {Fields: &webhook.Fields{Signature: "s", Separator: "="}},
	} {
		_, err := laidOut(layout)
		require.ErrorIs(t, err, webhook.ErrConfig, want)
		require.ErrorContains(t, err, want)
	}
}

// What a configured URL fills in is text like any other between two parts, if it is
// there at all.
func TestW28_PartsThatTouchAConfiguredURL(t *testing.T) {
	t.Parallel()
	const bare, queried = "https://example.com/x", "https://example.com/x?a=1"
	for _, c := range []struct {
		signed, url string
		ok          bool
	}{
		{"{body}{query}", queried, true}, {"{body}{path}", queried, true}, {"{body}{url}", queried, true},
		{"{body}{query}{id}", queried, true}, {"{body}{query}{id}", bare, false},
		{"{body}{path}{id}", bare, true}, {"{body}{id}{url}", bare, false},
		{"{id}{query}.{body}", queried, false}, {"{id}{path}.{body}", queried, false}, {"{id}{url}.{body}", queried, false},
		{"{method}{query}.{body}", queried, true}, {"{method}{path}{id}.{body}", bare, true},
		{"{body}{query}", "https://example.com", false}, {"{body}{path}", "https://example.com", false}, {"{body}{url}", "https://example.com", false},
		{"{url}.{body}{id}", bare, false}, {"{url}.{body}{type}", queried, false},
	} {
		l := webhook.Layout{SignatureHeader: "X-Sig", Signed: c.signed, URL: c.url}
		if strings.Contains(c.signed, "{id}") {
			l.IDHeader = "X-Id"
		}
		if strings.Contains(c.signed, "{type}") {
			l.TypeHeader = "X-Type"
		}
		_, err := webhook.HMAC(webhook.HMACConfig{Provider: "acme", Layout: l}, secret.Static(rawKey))
		if c.ok {
			require.NoError(t, err, "%s at %s", c.signed, c.url)
			continue
		}
		require.ErrorContains(t, err, "nothing between", "%s at %s", c.signed, c.url)
	}
}
