package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	for _, want := range []string{
		"7 of valve Valve\n3 requests: a page failed",
		"1 found for ada",
		"reserved 2 for ada as r_1",
		"another one: 0 left of pump\n",
		"5 calls in ",
	} {
		require.Contains(t, out.String(), want)
	}
}
