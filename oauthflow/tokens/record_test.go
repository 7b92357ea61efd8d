package tokens_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/oauthflow"
	"github.com/standpipe-go/standpipe/oauthflow/tokens"
)

// What a record must be to be read at all.
func TestManager_Records(t *testing.T) {
	for _, tc := range []struct{ data, says string }{
		{`{"format":1,"access_token":"a"}`, ""},
		{`{"format":1,"access_token":"a","refresh":{"failed":0,"unanswered":0}}`, ""},
		{`{"format":1,"refresh_token":"r"}`, "our own"},
		{`{"format":1,"refresh":{"owner":""}}`, "must authorize again"},
		{`{"format":1,"dead":{"code":"x"}}`, "no token is stored"},
		{`{"format":1,"dead":{"code":"x"},"refresh":{}}`, `must authorize again: "x"`},
		{`{"format":1,"refresh_token":"r","dead":{"code":"x"}}`, `must authorize again: "x"`},
		{``, "not a token record"},
		{`null`, "its format is 0"},
		{`[]`, "not a token record"},
		{`{"format":"1"}`, "not a token record"},
		{`{"format":1,"access_token":"a"}{}`, "not a token record"},
		{`{"format":0,"access_token":"a"}`, "its format is 0, and 1 is the one known here"},
		{`{"format":2,"access_token":"a"}`, "its format is 2, and 1 is the one known here"},
		{`{"format":1}`, "it holds no token"},
		{`{"format":1,"access_token":"","refresh_token":"","token_type":"x"}`, "it holds no token"},
		{`{"format":1,"access_token":"a","refresh":{"failed":-1}}`, "it counts below zero"},
		{`{"format":1,"access_token":"a","refresh":{"unanswered":-1}}`, "it counts below zero"},
	} {
		t.Run(tc.data, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := tokens.NewMemoryStore()
				_, err := store.Save(t.Context(), userKey, tokens.Record{Data: []byte(tc.data)})
				require.NoError(t, err)
				m := newManager(t, store, refresherFunc(func(_ context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
					return nil, &oauthflow.TokenError{Op: "refresh", Status: 400, Description: "our own"}
				}))
				tok, err := m.Token(t.Context(), userKey)
				if tc.says == "" {
					require.NoError(t, err)
					require.Equal(t, "a", tok.AccessToken)
					return
				}
				require.ErrorContains(t, err, tc.says)
			})
		})
	}
}

// A refresh keeps what its response leaves out, and takes what it has: the refresh
// token, and each extra member by itself.
func TestManager_ARefreshKeepsWhatItsResponseLeavesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		extra := func(tok *oauth2.Token, members ...string) *oauth2.Token {
			m := map[string]any{}
			for i := 0; i < len(members); i += 2 {
				m[members[i]] = members[i+1]
			}
			return tok.WithExtra(m)
		}
		var sent []string
		answers := []*oauth2.Token{
			extra(&oauth2.Token{AccessToken: "1", Expiry: time.Now().Add(2 * time.Hour)}, "team", "T2", "scope", ""),
			extra(&oauth2.Token{AccessToken: "2", RefreshToken: "r2", Expiry: time.Now().Add(3 * time.Hour)}, "host", "h"),
			{AccessToken: "3"},
		}
		m := newManager(t, tokens.NewMemoryStore(), refresherFunc(func(_ context.Context, tok *oauth2.Token) (*oauth2.Token, error) {
			sent = append(sent, tok.RefreshToken)
			return answers[len(sent)-1], nil
		}), tokens.WithExtra("team", "host"))
		require.NoError(t, m.Put(t.Context(), userKey, extra(&oauth2.Token{AccessToken: "0", RefreshToken: "r0", Expiry: time.Now().Add(time.Hour)}, "team", "T1", "scope", "read", "id_token", "x")))
		for i, want := range []string{"T1 read <nil>", "T2 read <nil>", "T2 read h", "T2 read h"} {
			tok, err := m.Token(t.Context(), userKey)
			require.NoError(t, err)
			require.Equal(t, fmt.Sprint(i), tok.AccessToken)
			require.Equal(t, want, fmt.Sprint(tok.Extra("team"), " ", tok.Extra("scope"), " ", tok.Extra("host")))
			require.Nil(t, tok.Extra("id_token"))
			time.Sleep(time.Hour)
		}
		require.Equal(t, []string{"r0", "r0", "r2"}, sent)
	})
}
