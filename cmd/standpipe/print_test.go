package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever sends a few bytes that are nested deeply gets no gigabytes written for them.
func TestPrintBody_DeepNesting(t *testing.T) {
	t.Parallel()
	const depth = 9990
	body := strings.Repeat("[", depth) + "0" + strings.Repeat(",0", 1000) + strings.Repeat("]", depth)
	var out bytes.Buffer
	printBody(&out, []byte(body))
	require.Less(t, out.Len(), 2*maxAnswer)
	require.Contains(t, out.String(), "[[[[")
	for _, by := range []string{"  ", "    "} {
		require.Nil(t, indented(by)([]byte(strings.Repeat("[", depth)+strings.Repeat("]", depth))))
		// Brackets within a text close nothing, also behind an escape.
		for _, text := range []string{strings.Repeat("}", depth), `\"` + strings.Repeat("]", depth)} {
			require.Nil(t, indented(by)([]byte(`["`+text+`",`+body+"]")))
		}
		require.Equal(t, "[\n"+by+"1\n]", string(indented(by)([]byte("[1]"))))
	}
}
