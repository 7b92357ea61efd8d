package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
)

func TestMain(m *testing.M) { clienttest.NoLeaks(m) }

func TestQuickstart(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, config{}))
	text := out.String()
	require.True(t, strings.HasSuffix(text, "\nquickstart: ok\n"))
	require.Contains(t, text, "-only 4")
	for _, want := range []string{
		"attempt 1: 429, retried after 1",
		"the service saw 3 requests with 1 idempotency key",
		"maybe applied",
		"none failed, 101 requests",
		"the other host saw it:          false",
		"stripe-go returned cus_9",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "4eC39HqLyjWD", "no key is printed whole")
}

func TestOnly(t *testing.T) {
	t.Parallel()
	for only, title := range map[string]string{"Paging": "", "page by page": "6. a list, page by page", "7": "7. server-sent events"} {
		var out bytes.Buffer
		err := run(t.Context(), &out, config{only: only})
		if title == "" {
			require.ErrorContains(t, err, "Paging")
			continue
		}
		require.NoError(t, err)
		require.Contains(t, out.String(), title)
		require.Equal(t, 1, strings.Count(out.String(), ". "+title[3:]))
		require.NotContains(t, out.String(), "1. an authenticated call")
		require.NotContains(t, out.String(), "What you saw", "of one scene that would not be so")
	}
}
