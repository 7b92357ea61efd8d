package client_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/retry"
)

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func labelled(status int, contentType, encoding, body string) clienttest.Step {
	s := clienttest.Status(status).Body(body)
	if contentType != "" {
		s = s.Header("Content-Type", contentType)
	}
	if encoding != "" {
		s = s.Header("Content-Encoding", encoding)
	}
	return s
}

func TestC33_ASuccessDecodesByWhatItIs(t *testing.T) {
	const latin1 = "{\"name\":\"caf\xe9\"}"
	for _, tc := range []struct {
		name, contentType, encoding, body string
		want                              string // the name in it; "" for an error that says
		say                               string
	}{
		{name: "json", contentType: "application/json", body: `{"name":"café"}`, want: "café"},
		{name: "no media type", body: `{"name":"café"}`, want: "café"},
		{name: "plain text", contentType: "text/plain; charset=utf-8", body: `{"name":"café"}`, want: "café"},
		{name: "script", contentType: "text/javascript", body: `{"name":"café"}`, want: "café"},
		{name: "bytes", contentType: "application/octet-stream", body: `{"name":"café"}`, want: "café"},
		{name: "broken parameters", contentType: "application/json; charset", body: `{"name":"café"}`, want: "café"},
		{name: "mark", contentType: "application/json", body: "\uFEFF" + `{"name":"café"}`, want: "café"},
		{name: "html", contentType: "text/HTML; charset=utf-8", body: `{"name":"x"}`, say: "the response is \"text/HTML; charset=utf-8\" of 12 bytes, not JSON"},
		{name: "xml", contentType: "application/xml", body: `{"name":"x"}`, say: "application/xml"},
		{name: "xml in a suffix", contentType: "application/problem+xml", body: `{"name":"x"}`, say: "application/problem+xml"},
		{name: "text that is none", contentType: "text/plain", body: `hello`, say: "are not JSON from byte 1 on"},

		{name: "gzip", contentType: "application/json", encoding: "gzip", body: zipped(t, `{"name":"café"}`), want: "café"},
		{name: "gzip in another spelling", contentType: "application/json", encoding: "X-GZIP", body: zipped(t, `{"name":"café"}`), want: "café"},
		{name: "gzip twice", encoding: "gzip, gzip", body: zipped(t, zipped(t, `{"name":"café"}`)), want: "café"},
		{name: "identity", encoding: "identity", body: `{"name":"café"}`, want: "café"},
		{name: "gzip by name only", encoding: "gzip", body: `{"name":"café"}`, want: "café"},
		{name: "html in gzip", contentType: "text/html", encoding: "gzip", body: zipped(t, `{"name":"x"}`), say: "text/html"},
		{name: "gzip broken off", encoding: "gzip", body: zipped(t, `{"name":"café"}`)[:20], say: "not the gzip that its Content-Encoding says"},
		{name: "brotli", encoding: "br", body: "\x1b\x0f\x00\xf8", say: "the content encoding br, which nobody asked for"},
		{name: "zstd", encoding: "zstd", body: "\x28\xb5\x2f\xfd", say: "the content encoding zstd"},
		{name: "deflate", encoding: "deflate", body: "x\x9c", say: "the content encoding deflate"},
		{name: "brotli in gzip", encoding: "br, gzip", body: zipped(t, "\x1b"), say: "the content encoding br"},
		{name: "as many encodings as may be", encoding: "identity, gzip,, identity", body: zipped(t, `{"name":"café"}`), want: "café"},
		{name: "no gzip", encoding: "gzip", body: "garbled", say: "not the gzip that its Content-Encoding says"},
		{name: "a list by the name of gzip", encoding: "gzip", body: "[1]", say: "array"},
		{name: "xml in its old type", contentType: "text/xml", body: `{"name":"x"}`, say: "text/xml"},
		{name: "html after something else", contentType: "application/json, text/html", body: `{"name":"café"}`, want: "café"},
		{name: "latin 1 in single quotes", contentType: "application/json; charset = 'latin1'", body: latin1, want: "café"},
		{name: "the first charset", contentType: "application/json; charset=latin1; charset=utf-16", body: latin1, want: "café"},
		{name: "utf-8 that is none", contentType: "application/json; charset=utf-8", body: latin1, want: "caf\uFFFD"},
		{name: "utf8", contentType: "application/json; charset=UTF8", body: `{"name":"café"}`, want: "café"},
		{name: "no end of encodings", encoding: strings.Repeat("gzip,", 4) + "gzip", body: zipped(t, "x"), say: "encoded 5 times"},
		{name: "no encoding's name", encoding: "a\"b", body: "x", say: `the content encoding "a\"b"`},

		{name: "latin 1", contentType: "application/json; charset=ISO-8859-1", body: latin1, want: "café"},
		{name: "latin 1, quoted", contentType: `application/json; q=1; Charset="iso-8859-1"`, body: latin1, want: "café"},
		{name: "latin 1 by name only", contentType: "application/json; charset=ISO-8859-1", body: `{"name":"café"}`, want: "café"},
		{name: "ascii", contentType: "application/json; charset=us-ascii", body: `{"name":"cafe"}`, want: "cafe"},
		{name: "another charset by name only", contentType: "application/json; charset=windows-1252", body: `{"name":"café"}`, want: "café"},
		{name: "another charset", contentType: "application/json; charset=windows-1252", body: latin1, say: "in the charset windows-1252, not in UTF-8"},
		{name: "utf-16", contentType: "application/json; charset=utf-16", body: "\xfe\xff\x00{\x00}", say: "in the charset utf-16"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rt := clienttest.NewTransport(t, labelled(200, tc.contentType, tc.encoding, tc.body))
			got, err := client.Get[map[string]string](t.Context(), over(t, rt, client.WithRetry(retry.Never)), "/x")
			if tc.say == "" {
				require.NoError(t, err)
				require.Equal(t, tc.want, got["name"])
				return
			}
			require.ErrorIs(t, err, client.ErrDecode)
			require.ErrorContains(t, err, tc.say)
			require.Equal(t, 200, asError(t, err).Status)
		})
	}
	raw, err := client.Get[[]byte](t.Context(), over(t, clienttest.NewTransport(t, labelled(200, "text/html", "br", "\x1b"))), "/x")
	require.NoError(t, err, "bytes are handed on as they came")
	require.Equal(t, "\x1b", string(raw))
	_, err = client.Get[client.None](t.Context(), over(t, clienttest.NewTransport(t, labelled(200, "text/html", "br", "\x1b"))), "/x")
	require.NoError(t, err)
	_, err = client.Get[thing](t.Context(), over(t, clienttest.NewTransport(t, labelled(200, "application/json", "br", ""))), "/x")
	require.ErrorContains(t, err, "the response has no body", "nothing is encoded in nothing")
}

// C21: what a gzip becomes counts, not what it was. What an answer says of itself is
// not repeated where it is a credential, and is not looked at where there is nothing.
func TestLabelsOfASuccess(t *testing.T) {
	c, _ := scripted(t, "200", client.WithTransport(answering(200, http.Header{"Content-Encoding": {key}, "Content-Type": {"application/json"}})))
	_, err := client.Get[thing](t.Context(), c, "/x")
	require.ErrorIs(t, err, client.ErrDecode)
	require.ErrorContains(t, err, "a content encoding that nobody asked for")
	require.NotContains(t, err.Error(), key)
	c, _ = scripted(t, "200", client.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: http.NoBody, Request: r}, nil
	})))
	_, err = client.Get[thing](t.Context(), c, "/x")
	require.ErrorIs(t, err, client.ErrEmptyBody)
}

// What does not decode is kept up to the length of an error's body.
func TestBodyOfALongSuccess(t *testing.T) {
	for size, kept := range map[int]bool{client.DefaultMaxErrorBody: true, client.DefaultMaxErrorBody + 1: false} {
		const open, end = `{"id":7,"pad":"`, `"}`
		rt := clienttest.NewTransport(t, clienttest.JSON(200, open+strings.Repeat("x", size-len(open+end))+end))
		_, err := client.Get[thing](t.Context(), over(t, rt), "/x")
		var got struct{ ID int }
		require.Equal(t, kept, asError(t, err).DecodeBody(&got) == nil, size)
		require.Equal(t, kept, got.ID == 7)
	}
}

func TestC21_UnaskedGzipIsUnderTheLimit(t *testing.T) {
	t.Parallel()
	bomb := zipped(t, `"`+strings.Repeat("x", 8<<20)+`"`)
	require.Less(t, len(bomb), 64<<10)
	rt := clienttest.NewTransport(t, labelled(200, "application/json", "gzip", bomb))
	_, err := client.Get[string](t.Context(), over(t, rt, client.WithMaxBody(1<<20)), "/x")
	require.ErrorIs(t, err, client.ErrTooLarge)
	require.Equal(t, 1, rt.Count(), "it is not asked for again")
	got, err := client.Call[string](t.Context(), over(t, rt, client.WithMaxBody(1<<20)), client.Request{Path: "/x", MaxBody: 9 << 20})
	require.NoError(t, err)
	require.Len(t, got, 8<<20)
}

func TestC33_AnErrorBodyIsReadByWhatItIs(t *testing.T) {
	const body = `{"error":{"code":"card_declined","message":"café"}}`
	for name, step := range map[string]clienttest.Step{
		"json":         labelled(402, "application/json", "", body),
		"plain text":   labelled(402, "text/plain; charset=utf-8", "", body),
		"html":         labelled(402, "text/html", "", body),
		"bytes":        labelled(402, "application/octet-stream", "", body),
		"script":       labelled(402, "application/javascript", "", body),
		"no type":      labelled(402, "", "", body),
		"mark":         labelled(402, "text/plain", "", "\uFEFF \n"+body),
		"gzip":         labelled(402, "application/json", "gzip", zipped(t, body)),
		"latin 1":      labelled(402, "application/json; charset=latin1", "", "{\"error\":{\"code\":\"card_declined\",\"message\":\"caf\xe9\"}}"),
		"gzip in html": labelled(402, "text/html", "gzip", zipped(t, body)),
	} {
		for where, opts := range map[string][]client.Option{"": nil, " behind middleware": {client.WithCallMiddleware(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				resp, err := next.RoundTrip(req)
				if err == nil {
					resp.Body = struct{ io.ReadCloser }{resp.Body}
				}
				return resp, err
			})
		})}} {
			_, err := client.Get[client.None](t.Context(), over(t, clienttest.NewTransport(t, step), opts...), "/x")
			e := asError(t, err)
			require.Equal(t, "card_declined", e.Code, name+where)
			require.Equal(t, "café", e.Message, name+where)
			var into struct{ Error struct{ Code string } }
			require.NoError(t, e.DecodeBody(&into), name+where)
			require.Equal(t, "card_declined", into.Error.Code)
		}
	}
	for name, step := range map[string]clienttest.Step{
		"brotli":        labelled(402, "text/plain", "br", "\x1bgarbled"),
		"not the gzip":  labelled(402, "text/plain", "gzip", "garbled"),
		"html":          labelled(402, "text/html", "", "<html>garbled"),
		"text in UTF-8": labelled(402, "application/octet-stream", "", "garbled"),
	} {
		_, err := client.Get[client.None](t.Context(), over(t, clienttest.NewTransport(t, step)), "/x")
		e := asError(t, err)
		require.Empty(t, e.Message, name)
		require.NotContains(t, e.Error(), "garbled", name)
	}
	for _, text := range []string{"{not JSON}", "null", "7"} {
		_, err := client.Get[client.None](t.Context(), over(t, clienttest.NewTransport(t, labelled(400, "text/plain", "", text+" "))), "/x")
		require.Equal(t, text, asError(t, err).Message)
	}
}

// A profile's functions see a body that they can read.
func TestThrottledSeesWhatAnErrorBodySays(t *testing.T) {
	profile := client.Profile{Name: "example", Throttled: func(_ int, _ http.Header, body []byte) bool { return bytes.Contains(body, []byte("slow down")) }}
	rt := clienttest.NewTransport(t, labelled(400, "application/json", "gzip", zipped(t, `{"message":"slow down"}`)))
	_, err := client.Get[client.None](t.Context(), over(t, rt, client.WithProfile(profile), client.WithRetry(retry.Never)), "/x")
	require.ErrorIs(t, err, client.ErrRateLimited)
}

func TestShapesOfErrorBody(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, body                 string
		code, kind, message, reqID string
	}{
		{"RFC 9457", `{"type":"https://example.com/out-of-credit","title":"Out of credit","detail":"Your balance is 30."}`, "", "https://example.com/out-of-credit", "Your balance is 30.", ""},
		{"Stripe", `{"error":{"type":"card_error","code":"card_declined","message":"Declined."}}`, "card_declined", "card_error", "Declined.", ""},
		{"OAuth", `{"error":"invalid_grant","error_description":"Expired."}`, "invalid_grant", "", "Expired.", ""},
		{"Shopify, a string", `{"errors":"[API] Invalid API key"}`, "", "", "[API] Invalid API key", ""},
		{"Shopify, by field", `{"errors":{"title":["can't be blank","is short"],"body":["x"]}}`, "", "", "title: can't be blank; is short", ""},
		{"Mongoose, by field", `{"errors":{"email":{"message":"Path email is required.","kind":"required"}}}`, "", "", "email: Path email is required.", ""},
		{"Salesforce", `[{"message":"Session expired","errorCode":"INVALID_SESSION_ID"}]`, "INVALID_SESSION_ID", "", "Session expired", ""},
		{"Salesforce, two", `[{"message":"First","errorCode":"A"},{"message":"Second","errorCode":"B"}]`, "A", "", "First", ""},
		{"strings", `["First","Second"]`, "", "", "First", ""},
		{"Postmark", `{"ErrorCode":300,"Message":"Invalid 'To' address"}`, "300", "", "Invalid 'To' address", ""},
		{"FastAPI", `{"detail":[{"loc":["body","items",0],"msg":"field required","type":"missing"}]}`, "", "missing", "body.items.0: field required", ""},
		{"FastAPI, a string", `{"detail":"Not authenticated"}`, "", "", "Not authenticated", ""},
		{"FastAPI, an object", `{"detail":{"message":"No such user"}}`, "", "", "No such user", ""},
		{"NestJS", `{"statusCode":400,"message":["a must be a string","b must be"],"error":"Bad Request"}`, "", "", "a must be a string; b must be", ""},
		{"NestJS, a string", `{"statusCode":404,"message":"No such user","error":"Not Found"}`, "", "", "No such user", ""},
		{"Spring", `{"status":404,"error":"Not Found","path":"/x"}`, "", "", "Not Found", ""},
		{"GitHub", `{"message":"Validation Failed","errors":[{"resource":"Issue","field":"title","code":"missing_field"}]}`, "missing_field", "", "Validation Failed", ""},
		{"GraphQL", `{"errors":[{"message":"No session","extensions":{"code":"UNAUTHENTICATED"}}],"data":null}`, "UNAUTHENTICATED", "", "No session", ""},
		{"Google", `{"error":{"code":404,"message":"Not found.","status":"NOT_FOUND"}}`, "404", "NOT_FOUND", "Not found.", ""},
		{"Square", `{"errors":[{"category":"AUTHENTICATION_ERROR","code":"UNAUTHORIZED","detail":"No."}]}`, "UNAUTHORIZED", "AUTHENTICATION_ERROR", "No.", ""},
		{"Paddle", `{"error":{"type":"request_error","code":"not_found","detail":"No such."},"meta":{"request_id":"r-1"}}`, "not_found", "request_error", "No such.", "r-1"},
		{"Plaid", `{"error_type":"INVALID_REQUEST","error_code":"MISSING_FIELDS","error_message":"Missing.","request_id":"r-2"}`, "MISSING_FIELDS", "INVALID_REQUEST", "Missing.", "r-2"},
		{"HubSpot", `{"status":"error","message":"Bad.","correlationId":"c-1","category":"VALIDATION_ERROR"}`, "", "VALIDATION_ERROR", "Bad.", "c-1"},
		{"Facebook", `{"error":{"message":"Bad token.","type":"OAuthException","code":190,"fbtrace_id":"f-1"}}`, "190", "OAuthException", "Bad token.", "f-1"},
		{"Zendesk", `{"error":"RecordInvalid","description":"Record validation errors"}`, "RecordInvalid", "", "Record validation errors", ""},
		{"Slack", `{"ok":false,"error":"invalid_auth"}`, "invalid_auth", "", "", ""},
		{"JSON:API", `{"errors":[{"status":"403","title":"Forbidden","detail":"Not yours."}]}`, "", "", "Not yours.", ""},
		{"JSON:API, a title", `{"errors":[{"status":"403","title":"Forbidden"}]}`, "", "", "Forbidden", ""},
		{"Supabase", `{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}`, "invalid_credentials", "", "Invalid login credentials", ""},
		{"Jira", `{"errorMessages":["Issue does not exist"],"errors":{}}`, "", "", "Issue does not exist", ""},
		{"Jira, by field", `{"errorMessages":[],"errors":{"summary":"You must specify a summary"}}`, "", "", "summary: You must specify a summary", ""},
		{"GitLab", `{"message":{"name":["has already been taken"]}}`, "", "", "name: has already been taken", ""},
		{"Okta", `{"errorCode":"E0000011","errorSummary":"Invalid token provided"}`, "E0000011", "", "Invalid token provided", ""},
		{"Dropbox", `{"error_summary":"path/not_found/..","error":{".tag":"path"}}`, "", "", "path/not_found/..", ""},
		{"Django", `{"non_field_errors":["Unable to log in"]}`, "", "", "non_field_errors: Unable to log in", ""},
		{"Django, by field", `{"age":17,"email":["This field is required."]}`, "", "", "email: This field is required.", ""},
		{"ClickUp", `{"err":"Team not authorized"}`, "", "", "Team not authorized", ""},
		{"OData", `{"error":{"code":"x","message":{"lang":"en","value":"Resource not found"}}}`, "x", "", "Resource not found", ""},
		{"APNs", `{"reason":"BadDeviceToken"}`, "", "", "BadDeviceToken", ""},
		{"CouchDB", `{"error":"not_found","reason":"missing"}`, "not_found", "", "missing", ""},
		{"Vapor", `{"error":true,"reason":"No such thing"}`, "", "", "No such thing", ""},
		{"QuickBooks", `{"Fault":{"Error":[{"Message":"Duplicate","Detail":"d","code":"6240"}],"type":"ValidationFault"}}`, "6240", "ValidationFault", "Duplicate", ""},
		{"Strapi", `{"data":null,"error":{"status":400,"name":"ValidationError","message":"m"}}`, "ValidationError", "", "m", ""},
		{"PayPal", `{"name":"INVALID_REQUEST","message":"m","debug_id":"b1"}`, "INVALID_REQUEST", "", "m", "b1"},
		{"ASP.NET", `{"type":"t","title":"Invalid.","status":400,"errors":{"Name":["Required."]},"traceId":"00-1"}`, "", "t", "Invalid.", "00-1"},
		{"an error with errors", `{"error":{"type":"invalid_request_error","errors":[{"message":"inner"}]}}`, "", "invalid_request_error", "inner", ""},
		{"an error without a word", `{"error":{"type":"invalid_request_error"}}`, "", "invalid_request_error", "", ""},
		{"a list of strings", `{"errors":["First","Second"]}`, "", "", "First", ""},
		{"nulls", `{"error":null,"errors":null,"message":null,"detail":null}`, "", "", "", ""},
		{"an empty list", `{"errors":[],"detail":[]}`, "", "", "", ""},
		{"odd types", `{"message":{"message":{"message":{"message":{"message":{"message":"too deep"}}}}},"code":true,"type":[]}`, "", "", "", ""},
		{"the plain name wins", `{"Message":"upper","message":"lower"}`, "", "", "lower", ""},
		{"deep enough", `{"message":{"message":{"message":{"message":{"message":"deep"}}}}}`, "", "", "deep", ""},
		{"lists in lists", `{"message":[[["a",""],{},"b"],null,["c"]]}`, "", "", "a; b; c", ""},
		{"the first name that says something", `{"message":"","detail":{"msg":"second","title":"last"},"title":"x"}`, "", "", "second", ""},
		{"the first code that says something", `{"code":"","name":{},"error_code":0}`, "0", "", "", ""},
		{"a number as it is written", `{"code":-1.50e3}`, "-1.50e3", "", "", ""},
		{"both request IDs", `{"request_id":"own","meta":{"request_id":"other"}}`, "", "", "", "own"},
		{"null in one place", `{"error":null,"errors":[{"code":"c","message":"m"}],"Message":null}`, "c", "", "m", ""},
		{"a code inside and out", `{"code":"outer","error":"inner"}`, "outer", "", "", ""},
		{"a word and a message", `{"error":"inner","message":"m"}`, "inner", "", "m", ""},
		{"a sentence and a code", `{"code":"outer","error":"It is so."}`, "outer", "", "It is so.", ""},
		{"a sentence and a message", `{"error":"It is so.","message":"m"}`, "", "", "m", ""},
		{"a type inside and out", `{"type":"outer","detail":[{"type":"inner","msg":"m"}]}`, "", "outer", "m", ""},
		{"a place without a message", `{"detail":[{"loc":["body","a"]}]}`, "", "", "", ""},
		{"a list without a message", `{"errors":[{"code":"c"},{"code":"d"}]}`, "c", "", "", ""},
		{"a list of lists", `{"errors":[["a","b"],"c"],"description":"d"}`, "", "", "a; b", ""},
		{"a description only", `{"errors":[],"description":"d"}`, "", "", "d", ""},
		{"by field, the first that says something", `{"errors":{"a":[],"b":"","c":["x"],"d":["y"]}}`, "", "", "c: x", ""},
		{"by field, none", `{"errors":{"a":[],"b":0}}`, "", "", "", ""},
		{"a number for an error", `{"error":17,"description":"d"}`, "", "", "d", ""},
		{"no error in the list", `[]`, "", "", "", ""},
		{"null in the list", `[null,{"message":"m"}]`, "", "", "", ""},
		{"an empty object", `{}`, "", "", "", ""},
		{"no JSON", `{"message":`, "", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for range 20 { // the order in which members are looked at makes no difference
				d := client.DecodeError(400, http.Header{"Content-Type": {"application/json"}}, []byte(tc.body))
				require.Equal(t, client.ErrorDetail{Code: tc.code, Type: tc.kind, Message: tc.message, RequestID: tc.reqID}, d)
			}
		})
	}
}

func TestWhatDoesNotDecodeCanBeHad(t *testing.T) {
	type shape struct {
		A struct {
			B []struct {
				C int `json:"c"`
			} `json:"b"`
		} `json:"a"`
	}
	for body, want := range map[string]string{
		`{"a":{"b":[{"c":"s3cret"}]}}`: "string into Go struct field",
		`{"a":{"b":[{"c":31337.5}]}}`:  "number into Go struct field",
	} {
		_, err := client.Get[shape](t.Context(), over(t, clienttest.NewTransport(t, clienttest.JSON(200, body))), "/x")
		require.ErrorIs(t, err, client.ErrDecode)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "a.b.c of type int")
		require.NotContains(t, err.Error(), "s3cret")
		require.NotContains(t, err.Error(), "31337")
		var cause *json.UnmarshalTypeError
		require.ErrorAs(t, err, &cause)
		require.Equal(t, "a.b.c", cause.Field)
		require.Positive(t, cause.Offset)
		var raw map[string]any
		require.NoError(t, asError(t, err).DecodeBody(&raw))
		require.Contains(t, raw, "a")
	}
	long := `{"a":"` + strings.Repeat("x", 1<<20) + `"}`
	_, err := client.Get[shape](t.Context(), over(t, clienttest.NewTransport(t, clienttest.JSON(200, long))), "/x")
	require.ErrorIs(t, err, client.ErrDecode)
	require.ErrorIs(t, asError(t, err).DecodeBody(new(any)), client.ErrEmptyBody, "an error keeps no megabyte alive")
}

func TestDecodeBodySaysWhyItDoesNot(t *testing.T) {
	decode := func(body string, v any) error {
		_, err := client.Get[client.None](t.Context(), over(t, clienttest.NewTransport(t, clienttest.JSON(402, body))), "/x")
		return asError(t, err).DecodeBody(v)
	}
	var n struct{ A int }
	require.ErrorIs(t, decode("", &n), client.ErrEmptyBody)
	require.ErrorIs(t, (&client.Error{}).DecodeBody(&n), client.ErrEmptyBody)

	err := decode(`{"a":31337.5}`, &n)
	require.EqualError(t, err, "client: the body of 13 bytes does not fit a *struct { A int }: json: cannot unmarshal number into Go struct field .A of type int")
	require.ErrorIs(t, err, client.ErrDecode)
	require.EqualError(t, decode(`{"a":s3cret}`, &n), "client: the body of 12 bytes does not fit a *struct { A int }: it is not JSON from byte 6 on")
	var at struct{ A time.Time }
	require.EqualError(t, decode(`{"a":"s3cret"}`, &at), "client: the body of 14 bytes does not fit a *struct { A time.Time }")

	var misuse *json.InvalidUnmarshalError
	require.ErrorAs(t, decode(`{}`, n), &misuse)
	require.ErrorAs(t, decode(`{}`, nil), &misuse)
}

// The value that a type of the caller's refuses is not repeated.
func TestADecodeErrorOfTheCallersIsNotQuoted(t *testing.T) {
	_, err := client.Get[struct{ At time.Time }](t.Context(), over(t, clienttest.NewTransport(t, clienttest.JSON(200, `{"At":"s3cret"}`))), "/x")
	require.ErrorIs(t, err, client.ErrDecode)
	require.NotContains(t, err.Error(), "s3cret")
}

func TestAnEventStreamIsKnownByItsMediaType(t *testing.T) {
	for _, contentType := range []string{
		"text/event-stream", "Text/Event-Stream; charset=utf-8", "text/event-stream; charset", "text/event-stream;;charset=utf-8",
		"text/event-stream; charset=", "text/event-stream, text/event-stream", " text/event-stream ",
	} {
		rt := clienttest.NewTransport(t, labelled(200, contentType, "", "data: a\n\n"))
		require.NoError(t, drain(client.Events(t.Context(), over(t, rt), client.Request{Path: "/e"})), contentType)
	}
	for _, contentType := range []string{"", "text/event-streams", "application/json", "text/plain; text/event-stream"} {
		rt := clienttest.NewTransport(t, labelled(200, contentType, "", "data: a\n\n"))
		require.ErrorIs(t, drain(client.Events(t.Context(), over(t, rt), client.Request{Path: "/e"})), client.ErrDecode, contentType)
	}
}

func TestWhatCameInsteadOfAStreamCanBeRead(t *testing.T) {
	const said = `{"error":{"message":"You exceeded your quota.","code":"insufficient_quota"}}`
	for name, step := range map[string]clienttest.Step{
		"json":       clienttest.JSON(200, said),
		"plain text": clienttest.Text(200, said),
		"gzip":       labelled(200, "application/json", "gzip", zipped(t, said)),
	} {
		err := drain(client.Events(t.Context(), over(t, clienttest.NewTransport(t, step)), client.Request{Path: "/e"}))
		require.ErrorIs(t, err, client.ErrDecode, name)
		e := asError(t, err)
		require.Equal(t, "insufficient_quota", e.Code, name)
		require.Equal(t, "You exceeded your quota.", e.Message, name)
		var into struct{ Error struct{ Message string } }
		require.NoError(t, e.DecodeBody(&into), name)
	}
}

// A body that drips for ever instead of a stream holds nobody.
func TestWhatCameInsteadOfAStreamIsReadForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		done := make(chan error)
		go func() {
			var err error
			for err == nil {
				time.Sleep(time.Second)
				_, err = w.Write([]byte(" "))
			}
			done <- err
		}()
		rt := roundTripper(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: r, ContentLength: -1, Request: req}, nil
		})
		c, err := client.New("https://api.example.com", client.WithTransport(rt))
		require.NoError(t, err)
		start := time.Now()
		err = drain(client.Events(t.Context(), c, client.Request{Path: "/e"}))
		require.ErrorIs(t, err, client.ErrDecode)
		require.LessOrEqual(t, time.Since(start), 6*time.Second)
		require.ErrorIs(t, <-done, io.ErrClosedPipe)
	})
}

// What ends the call is read for as long as its error is worth waiting for.
func TestASlowErrorBodyOfTheLastAttemptIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := plain(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			r, w := io.Pipe()
			go func() {
				time.Sleep(3 * time.Second)
				_, _ = io.WriteString(w, `{"error": {"message": "no such plan"}}`)
				_ = w.Close()
			}()
			h := http.Header{"Content-Type": {"application/json"}}
			return &http.Response{StatusCode: 400, Header: h, Body: r, ContentLength: -1, Request: req}, nil
		}))
		_, err := client.Call[client.None](t.Context(), c, client.Request{Path: "/x"})
		require.ErrorContains(t, err, "no such plan")
	})
}

// C21: what is longer than the limit is refused as well where it comes with its end in
// one piece.
func TestC21_TheLimitHoldsWhereTheEndComesAlong(t *testing.T) {
	for text, fits := range map[string]bool{`{"id":"12"}`: true, `{"id":"123"}`: false, `{"id":"` + strings.Repeat("1", 400) + `"}`: false} {
		c := plain(t, roundTripper(func(req *http.Request) (*http.Response, error) {
			h := http.Header{"Content-Type": {"application/json"}}
			return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(iotest.DataErrReader(strings.NewReader(text))), ContentLength: -1, Request: req}, nil
		}), client.WithMaxBody(11))
		_, err := client.Call[thing](t.Context(), c, client.Request{Path: "/x"})
		if fits {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, client.ErrTooLarge)
		}
	}
}
