package client

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Request is one call, relative to its client's base URL. The zero Request gets
// the base URL itself. It is a value: copy and change it freely; a call does not
// modify what it points to.
type Request struct {
	Method string // "" is GET

	// Path is appended to the base URL's path. It is taken as already escaped
	// and cannot leave the base: dot segments, empty segments, backslashes, a query,
	// a leading "//" and an absolute URL are errors. Escape identifiers with PathEscape.
	Path string

	// URL is used instead of Path where the service itself gave an absolute URL,
	// such as a link to the next page. It must be on one of the client's origins. Its
	// query is left as it is: [WithQuery] adds nothing to it.
	URL string

	// Query is added to the URL's query, in the order of its names. A name that is in
	// it, also without a value, takes the place of [WithQuery]'s.
	Query url.Values

	// Header replaces what the client would send under the same name, credentials
	// included. A name that is not of HTTP's own is sent over HTTP/1 as it is spelled.
	Header http.Header

	// Body is encoded as JSON unless it is a [Body]. Nil is no body.
	Body any

	// IdempotencyKey is sent in the header that the profile names. If empty, a key is
	// generated when the service supports one. A non-empty key is an error if no
	// idempotency header is configured, because it would have no effect. Set it to the
	// same value in calls that you repeat yourself, after a restart for instance.
	IdempotencyKey string

	// Route is the path with its identifiers left out, "/v1/customers/{id}". If
	// set, errors and logs show it in place of the path.
	Route string

	// Timeout bounds the call with all its attempts, its waits and its body. 0 is
	// the client's; a deadline of the context that comes earlier wins. A negative one
	// has passed: nothing is sent, and the error matches ErrTimeout.
	Timeout time.Duration

	// AttemptTimeout bounds how long an attempt waits for the response's headers, as
	// [WithAttemptTimeout] does. 0 is the client's, [NoTimeout] is none; any other
	// negative one is an error.
	AttemptTimeout time.Duration

	// Repeatable says that the call may be made more than once although neither its
	// method nor a header says so: a search by POST, say, or a body with a key of the
	// service's own, by which it tells a repeat. It is then retried as a PUT is.
	Repeatable bool

	// Progress, if set, is told how far the request body has got: with every piece that
	// the transport takes, what was taken of it so far in this attempt and its length,
	// -1 where that is unknown. It is called while the body is read and must be quick.
	Progress func(sent, total int64)

	// MaxBody bounds the response body in bytes after decompression. 0 is the
	// client's limit in Call, and none in Do; a negative one is an error.
	MaxBody int64

	// Weight is what the call costs at the limits, with every attempt: that of so many
	// others, such as the points of a GraphQL query. The limiter gives its tokens
	// together, see ratelimit.WaitN, and the pacer takes the service to count so many. 0
	// is 1; a negative one, and one that the limiter never has, is an error before
	// anything is sent.
	Weight int

	// CheckStatus makes a status of 400 and above an [*Error] of [Client.Do] too, which
	// then reads and closes the body. Everything else that makes calls does so anyway.
	CheckStatus bool

	// Meta, if set, is filled in when the call ends, whether it succeeds or not.
	Meta *Meta

	unfit    error  // why an Op's In does not make a request
	verbatim string // Path, where it is made of a {name+} and may have any segments
}

// Meta is what a call learned beside its result.
type Meta struct {
	Status    int         // of the last response; 0 without one
	Header    http.Header // of the last response; nil without one
	RequestID string      // the service's own
	Attempts  []Attempt   // the ledger, oldest first

	// url returns that of the last request, from which a relative link counts. It is
	// a function so that printing a Meta does not show the query.
	url func() *url.URL

	fail func(ErrorDetail, error) *Error // of the call
}

// Fail returns the error of the call that filled m in, where its caller finds a failure
// in what has the status of a success: an error beside the data, a record of a stream
// that breaks off. It has the call's provider, request ID, attempts and effect; d is what
// the service says, as [Profile.DecodeError] would, and cause is [Error.Err]. A nil cause
// says that the body holds an error.
func (m *Meta) Fail(d ErrorDetail, cause error) *Error {
	if m.fail != nil {
		return m.fail(d, cause)
	}
	return &Error{
		Status: m.Status, RequestID: cmp.Or(d.RequestID, m.RequestID), Attempts: m.Attempts,
		Code: d.Code, Type: d.Type, Message: d.Message, means: d.Status,
		Throttled: d.Status == http.StatusTooManyRequests, Err: cmp.Or(cause, d.Err, errFailed),
	}
}

// outgoing is a Request made ready: what its first hop asks for, and what the stack
// must know of it on all hops.
type outgoing struct {
	first spec
	url   url.URL // of first

	header http.Header // the caller's own, which win over the credential
	route  string
	key    string // the caller's idempotency key
	limit  int64
	weight int // at the limits; 0 is 1

	progress   func(sent, total int64)
	repeatable bool // as the caller says
	inMemory   bool // the body, if any, is bytes that the stack holds itself
}

// build fills in out from r and returns the body for the first attempt, or says what
// is wrong with r, before any I/O.
func (out *outgoing) build(c *Client, ctx context.Context, r *Request) (body io.ReadCloser, err error) {
	var p payload
	if r.Body != nil {
		if p, err = payloadOf(r.Body); err != nil {
			return nil, err
		}
	}
	if err = r.unfit; err == nil {
		err = out.assemble(c, ctx, r, &p)
	}
	if err == nil {
		return p.attach(&out.first)
	}
	if p.single != nil {
		_ = p.single.Close()
	}
	return nil, err
}

func (out *outgoing) assemble(c *Client, ctx context.Context, r *Request, p *payload) error {
	if c.base == nil {
		return failf(ErrConfig, "the zero Client has no base URL: make one with New")
	}
	if ctx == nil {
		return failf(ErrRequest, "the context is nil")
	}
	if err := checkBounds(r); err != nil {
		return err
	}
	if err := c.resolve(r, &out.url); err != nil {
		return err
	}
	if len(c.query) > 0 && r.URL == "" {
		out.url.RawQuery = c.defaultQuery(r.Query)
	}
	if len(r.Query) > 0 {
		out.url.RawQuery = joinQuery(out.url.RawQuery, r.Query.Encode())
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	if !validToken(method) {
		return failf(ErrRequest, "the method is not a token (RFC 9110 section 5.6.2)")
	}
	if !validHeaderValue(r.IdempotencyKey) {
		return failf(ErrRequest, "the idempotency key holds a control character")
	}
	if r.IdempotencyKey != "" && c.keyHeader == "" {
		return failf(ErrRequest, "the idempotency key would have no effect: no header is known in which the service supports one, see WithIdempotencyHeader")
	}
	first := &out.first
	h := &first.header
	h.over = c.header
	if p.contentType != "" {
		if !validHeaderValue(p.contentType) {
			return failf(ErrRequest, "the body's content type holds CR, LF, NUL or another control character")
		}
		h.set("Content-Type", []string{p.contentType})
	}
	if len(r.Header) > 0 {
		if err := checkHeader(r.Header); err != nil {
			return err
		}
		for name, values := range r.Header {
			if spellings(r.Header, name) > 1 {
				return failf(ErrRequest, "header %s is given in two spellings", http.CanonicalHeaderKey(name))
			}
			h.set(c.spelled(name), values)
		}
	}
	to := out.url.Host
	if host := h.get("Host"); len(host) > 0 {
		to = host[0]
		h.drop(func(name string) bool { return name == "Host" })
	}
	first.method, first.url, first.host = method, &out.url, to
	out.header, out.route, out.key, out.limit, out.weight = r.Header, r.Route, r.IdempotencyKey, r.MaxBody, r.Weight
	out.repeatable, out.progress = r.Repeatable, r.Progress
	out.inMemory = p.single == nil && p.open == nil
	return nil
}

// checkBounds refuses bounds that a calculation has turned into none.
func checkBounds(r *Request) error {
	switch {
	case r.Timeout < 0:
		return failWrap(ErrTimeout, "Request.Timeout is negative: its time was over before the call", context.DeadlineExceeded)
	case r.MaxBody < 0:
		return failf(ErrRequest, "Request.MaxBody is negative")
	case r.AttemptTimeout < 0 && r.AttemptTimeout != NoTimeout:
		return failf(ErrRequest, "Request.AttemptTimeout is negative: only NoTimeout turns it off")
	case r.Weight < 0:
		return failf(ErrRequest, "Request.Weight is negative")
	}
	return nil
}

// resolve finds the URL of r.
func (c *Client) resolve(r *Request, into *url.URL) error {
	switch {
	case r.URL != "":
	case r.verbatim != "" && r.verbatim == r.Path:
		return joinVerbatim(c.base, r.Path, into)
	default:
		return joinPath(c.base, r.Path, into)
	}
	if r.Path != "" {
		return failf(ErrRequest, "both Path and URL are set")
	}
	if len(r.URL) > maxURL {
		return failf(ErrRequest, "the URL is longer than %d bytes", maxURL)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return failf(ErrRequest, "the URL cannot be parsed")
	}
	if !u.IsAbs() {
		u = c.base.ResolveReference(u)
	}
	if u.User != nil {
		return failf(ErrRequest, "the URL holds a user name or password")
	}
	o := originOf(u)
	if o != c.origins.base && !c.origins.contains(u, o) {
		return failf(ErrOrigin, "the URL is not on an origin of this client: its host is %s", printable(u.Host))
	}
	u.Fragment, u.RawFragment = "", ""
	readyURL(u)
	*into = *u
	return nil
}
