package openai_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/openai"
	"github.com/standpipe-go/standpipe/secret"

	"github.com/standpipe-go/standpipe/client"
)

// inUnits is text in JSON strings of n UTF-16 units each.
func inUnits(text string, n int) []string {
	units := utf16.Encode([]rune(text))
	var pieces []string
	for len(units) > 0 || pieces == nil {
		var b strings.Builder
		for _, u := range units[:min(n, len(units))] {
			switch {
			case u == '"' || u == '\\':
				b.WriteString(`\` + string(rune(u)))
			case u < ' ' || utf16.IsSurrogate(rune(u)):
				fmt.Fprintf(&b, `\u%04x`, u)
			default:
				b.WriteRune(rune(u))
			}
		}
		pieces = append(pieces, `"`+b.String()+`"`)
		units = units[min(n, len(units)):]
	}
	return pieces
}

// joined is what comes of a response and of a chat whose texts are sent in pieces.
func joined(t *testing.T, text string, n int) (ofResponse, ofChat, refusal string, calls []openai.ToolCall) {
	t.Helper()
	var r, c []string
	for _, p := range inUnits(text, n) {
		r = append(r, `{"type":"response.output_text.delta","item_id":"m","content_index":0,"delta":`+p+`}`,
			`{"type":"response.output_text.delta","item_id":"m","content_index":1,"delta":"-"}`,
			`{"type":"response.function_call_arguments.delta","item_id":"f","delta":`+p+`}`)
		c = append(c, `{"choices":[{"index":0,"delta":{"content":`+p+`,"refusal":`+p+`,"tool_calls":[{"index":0,"id":"a","function":{"arguments":`+p+`}},{"index":1,"id":"b","function":{"arguments":`+p+`}}]}},`+
			`{"index":1,"delta":{"content":"-"}}]}`)
	}
	r = append(r, `{"type":"response.output_item.done","item":{"type":"function_call","id":"f","call_id":"a"}}`, completed)
	c = append(c, `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"},{"index":1,"delta":{},"finish_reason":"stop"}]}`, `[DONE]`)
	rt := clienttest.NewTransport(t, sse(r...), sse(c...))
	o, err := openai.New(secret.Static("sk-test"), client.WithTransport(rt))
	require.NoError(t, err)
	events, err := responses(t, o, openai.StreamLimits{})
	require.NoError(t, err)
	for i := range events {
		if events[i].ContentIndex == 0 {
			ofResponse += events[i].OutputText()
		}
		if call := events[i].ToolCall; call != nil {
			calls = append(calls, *call)
		}
	}
	chunks, err := chat(t, o)
	require.NoError(t, err)
	for i := range chunks {
		ofChat += chunks[i].Text()
		refusal += chunks[i].Choices[0].Delta.Refusal
		calls = append(calls, chunks[i].Choices[0].ToolCalls...)
	}
	return ofResponse, ofChat, refusal, calls
}

func requireJoined(t *testing.T, text string, n int) {
	t.Helper()
	r, c, refusal, calls := joined(t, text, n)
	require.Equal(t, []string{text, text, text}, []string{r, c, refusal})
	want := openai.ToolCall{ID: "a", Arguments: text}
	require.Equal(t, []openai.ToolCall{want, want, {ID: "b", Arguments: text}}, calls)
}

// A server that counts in UTF-16 cuts an emoji in two. What is streamed is whole all the
// same: each half is held back until the other has come.
func TestACharacterInTwoPieces(t *testing.T) {
	for _, text := range []string{
		`{"x":"👍🏽"}`, "👍", "a👍b", "\U00010000\U0010ffff", "👍👍👍", `\👍\\👍"`, `\ud83d\udc4d`, "\ufffd👍\ufffd", "é世界\n",
	} {
		for n := range 4 {
			requireJoined(t, text, n+1)
		}
	}
}

// A half that never gets its other is no character, as in JSON that comes at once, and
// takes nothing else with it.
func TestHalfACharacter(t *testing.T) {
	const high, low = `\ud83d`, `\uDC4D`
	for name, tc := range map[string]struct {
		pieces []string
		want   string
	}{
		"the first, then text":   {[]string{"a" + high, "b"}, "a\ufffdb"},
		"the first twice":        {[]string{high, high + low}, "\ufffd👍"},
		"the second alone":       {[]string{low, "b"}, "\ufffdb"},
		"the first, then an end": {[]string{"a" + high}, "a"},
		"upper case":             {[]string{`\uD83D`, low}, "👍"},
		"the last there is":      {[]string{`\uDBFF`, `\uDFFF`}, "\U0010ffff"},
		"after a backslash":      {[]string{`\\` + high, low}, `\👍`},
		"a text that looks so":   {[]string{`\\ud83d`, "\ufffd"}, `\ud83d` + "\ufffd"},
		"with nothing between":   {[]string{high, "", low}, "👍"},
	} {
		var data []string
		for _, p := range tc.pieces {
			data = append(data, `{"choices":[{"index":0,"delta":{"content":"`+p+`"}}]}`, `{"choices":[{"index":0,"delta":{"content":null}}]}`)
		}
		c, _ := over(t, nil, sse(append(data, `[DONE]`)...))
		chunks, err := chat(t, c)
		require.NoError(t, err)
		var got strings.Builder
		for i := range chunks {
			got.WriteString(chunks[i].Text())
		}
		require.Equal(t, tc.want, got.String(), name)
	}
}

func TestHalvesInARefusal(t *testing.T) {
	c, _ := over(t, nil, sse(`{"choices":[{"index":0,"delta":{"refusal":"No \ud83d"}}]}`, `{"choices":[{"index":0,"delta":{"refusal":"\udc4d"}}]}`, `[DONE]`))
	chunks, err := chat(t, c)
	require.NoError(t, err)
	require.Equal(t, "No 👍", chunks[0].Choices[0].Delta.Refusal+chunks[1].Choices[0].Delta.Refusal)
}

// A call without an index may be any: what one ends with is not put before another.
func TestHalvesOfCallsWithoutAnIndex(t *testing.T) {
	c, _ := over(t, nil, sse(`{"choices":[{"index":0,"delta":{"tool_calls":[{"id":"a","function":{"arguments":"x\ud83d"}},{"id":"b","function":{"arguments":"\udc4dy"}}]},"finish_reason":"stop"}]}`, `[DONE]`))
	chunks, err := chat(t, c)
	require.NoError(t, err)
	require.Equal(t, []openai.ToolCall{{ID: "a", Arguments: "x\ufffd"}, {ID: "b", Arguments: "\ufffdy"}}, chunks[0].Choices[0].ToolCalls)
}

func FuzzPiecesOfAText(f *testing.F) {
	f.Add(`{"x":"👍"}`, 1)
	f.Add("a\\👍\ufffd\"", 3)
	f.Fuzz(func(t *testing.T, text string, n int) {
		requireJoined(t, string([]rune(text)), 1+int(uint(n)%5))
	})
}
