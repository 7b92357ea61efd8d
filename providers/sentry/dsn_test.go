package sentry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/sentry"
	"github.com/standpipe-go/standpipe/secret"
)

const canary = "canary0123456789"

// Where a DSN leads, with which credential.
func TestWhereADSNLeads(t *testing.T) {
	for dsn, want := range map[string][]string{
		"https://" + canary + "@o1.ingest.sentry.io/42":       {"https", "o1.ingest.sentry.io", "/api/42/envelope/", canary},
		"https://" + canary + ":s3@o1.ingest.de.sentry.io/42": {"https", "o1.ingest.de.sentry.io", "/api/42/envelope/", canary + ", sentry_secret=s3"},
		"http://" + canary + "@localhost:9000/sentry/eu/42":   {"http", "localhost:9000", "/sentry/eu/api/42/envelope/", canary},
		"https://" + canary + "@[::1]:9000/my-project":        {"https", "[::1]:9000", "/api/my-project/envelope/", canary},
		"https://" + canary + ":@sentry.example.com/a%20b/42": {"https", "sentry.example.com", "/a%20b/api/42/envelope/", canary},
	} {
		rt := clienttest.NewTransport(t, clienttest.JSON(200, `{}`))
		r, err := sentry.NewReporter(secret.Static(dsn), sentry.ReporterConfig{}, client.WithTransport(rt))
		require.NoError(t, err, dsn)
		require.NotEmpty(t, r.CheckIn(sentry.CheckIn{Monitor: "nightly", Status: sentry.CheckInOK}))
		require.NoError(t, r.Close(t.Context()))
		require.Equal(t, want[1:3], []string{rt.Last().Host, rt.Last().URL}, dsn)
		require.Equal(t, []string{"Sentry sentry_version=7, sentry_client=standpipe.go/1, sentry_key=" + want[3]}, rt.Last().Header["X-Sentry-Auth"])
		d, err := sentry.ParseDSN(dsn)
		require.NoError(t, err)
		require.Equal(t, dsn[strings.LastIndexByte(dsn, '/')+1:], d.Project())
		require.Contains(t, d.String(), "://"+secret.Redacted+"@"+want[1])
		body, err := json.Marshal(map[string]any{"dsn": d})
		require.NoError(t, err)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %q %v %+v %#v %s", d, d, d, d, *d, *d, *d, body), canary)
	}
}

// X1, X2: what is no DSN is an error at construction, that says why and holds nothing of
// it.
func TestX2_WhatIsNoDSN(t *testing.T) {
	for dsn, problem := range map[string]string{
		"https://" + canary + "@[::1/42":               "is no URL",
		"https://" + canary + "@h/42%zz":               "is no URL",
		"https:" + canary + "@h/42":                    "is no URL",
		canary:                                         "does not begin with https:// or http://",
		"ftp://" + canary + "@h/42":                    "does not begin with https:// or http://",
		"https://" + canary + "@/42":                   "has no host",
		"https://" + canary + "@:443/42":               "has no host",
		"https://h/" + canary:                          "has no public key: it is what stands before the @",
		"https://:" + canary + "@h/42":                 "has no public key: it is what stands before the @",
		"https://" + canary + "%0d%0aX:%201@h/42":      "has a key with a character that no key has",
		"https://" + canary + ",sentry_key=other@h/42": "has a key with a character that no key has",
		"https://k:" + canary + "%22@h/42":             "has a key with a character that no key has",
		"https://" + canary + "@h":                     "does not end in the ID of a project",
		"https://" + canary + "@h/":                    "does not end in the ID of a project",
		"https://" + canary + "@h/42/":                 "does not end in the ID of a project",
		"https://" + canary + "@h/a/../42":             "has a path that does not lead to a project",
		"https://" + canary + "@h/./42":                "has a path that does not lead to a project",
		"https://" + canary + "@h//42":                 "has a path that does not lead to a project",
		"https://" + canary + "@h/4%2f2":               "has a path that does not lead to a project",
		"https://" + canary + "@h/..":                  "has a path that does not lead to a project",
		"https://" + canary + "@h/42?x=" + canary:      "has something behind the ID of the project",
		"https://" + canary + "@h/42?":                 "has something behind the ID of the project",
		"https://" + canary + "@h/42#" + canary:        "has something behind the ID of the project",
	} {
		_, err := sentry.ParseDSN(dsn)
		require.EqualError(t, err, "sentry: the DSN "+problem, dsn)
		_, ok := errors.AsType[*sentry.DSNError](err)
		require.True(t, ok)
		require.ErrorIs(t, err, client.ErrConfig)
		_, err = sentry.NewReporter(secret.Static(dsn), sentry.ReporterConfig{})
		require.ErrorIs(t, err, client.ErrConfig, dsn)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), canary, dsn)
	}
	for name, src := range map[string]secret.Source{
		"nil": nil, "blank": secret.Static(" "), "unset": secret.Env("STANDPIPE_NO_SUCH_VARIABLE"),
		"in the clear": secret.Static("http://" + canary + "@sentry.example.com/42"),
	} {
		_, err := sentry.NewReporter(src, sentry.ReporterConfig{})
		require.ErrorIs(t, err, client.ErrConfig, name)
		require.NotContains(t, err.Error(), canary)
	}
}

// L2: whatever a DSN is, it is read or refused, and its error holds nothing of it.
func FuzzParseDSN(f *testing.F) {
	for _, s := range []string{"https://k@h/1", "http://k:s@h:9/a/b/1", "https://k@[::1]/1", "://@/", "https://k@h/%2e%2e/1", "https://@h/1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := sentry.ParseDSN(s)
		if err != nil {
			if _, ok := errors.AsType[*sentry.DSNError](err); !ok {
				t.Errorf("%T", err)
			}
			return
		}
		if !strings.HasSuffix(s, "/"+d.Project()) {
			t.Errorf("%q has the project %q", s, d.Project())
		}
		if _, err := sentry.NewReporter(secret.Static(s), sentry.ReporterConfig{}, client.WithInsecureCleartextCredentials()); err != nil && !errors.Is(err, client.ErrConfig) {
			t.Error(err)
		}
	})
}
