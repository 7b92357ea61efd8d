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
	require.Equal(t, `booking 1042 is made: Call, at 15:00
booking 1043 is made: Lunch, at 16:00
the response to the first was lost: it is there once all the same
booking 1042 is made again: its event is there already
synced all 2 events, and the copy has Call, Lunch
somebody adds Tea, Google notifies, and the hook syncs: 200, and the copy has Call, Lunch, Tea
Google forgets the sync token
synced all 3 events, and the copy has Call, Lunch, Tea
`, out.String())
}

func TestAtGoogleWithoutAKey(t *testing.T) {
	require.ErrorIs(t, atGoogle(t.Context(), &bytes.Buffer{}, secret.Static("no key file"), "c"), client.ErrConfig)
}
