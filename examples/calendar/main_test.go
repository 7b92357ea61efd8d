package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

func TestTheDemonstration(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, demonstrate(t.Context(), &out))
	require.Equal(t, `booked: Call, from 2026-11-26T15:00:00Z UTC
booked: Lunch, from 2026-11-26T16:00:00Z UTC
booked before: 1042
synced: 2 events, which are all: Call, Lunch
notified: 200
synced: 0 changes: Call, Lunch, Tea
synced: 3 events, which are all: Call, Lunch, Tea
`, out.String())
}

func TestAtGoogleWithoutAKey(t *testing.T) {
	require.ErrorIs(t, atGoogle(t.Context(), &bytes.Buffer{}, secret.Static("no key file"), "c"), client.ErrConfig)
}
