package tokens

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/standpipe-go/standpipe/internal/panics"
	"github.com/standpipe-go/standpipe/internal/quote"
	"github.com/standpipe-go/standpipe/internal/redact"
	"github.com/standpipe-go/standpipe/oauthflow"
)

var (
	// ErrReauthorizationRequired is matched by a [ReauthError]: only the user can
	// help, by signing in again.
	ErrReauthorizationRequired = errors.New("the user must authorize again")

	// ErrManagerClosed is matched by the error for a refresh that was not begun
	// because of [Manager.Shutdown].
	ErrManagerClosed = errors.New("the token manager is shut down")

	// ErrRefreshInProgress is matched by the error of a caller that has waited
	// long enough for another process to finish its refresh.
	ErrRefreshInProgress = errors.New("another process is refreshing the token")

	// ErrRefreshedRecently is matched by the error of [Manager.RefreshToken] for a
	// token that is too young to be refreshed again: whatever is wrong with it
	// would be wrong with the next.
	ErrRefreshedRecently = errors.New("the token was refreshed a moment ago")
)

// ReauthError says that there is no usable token under a key and that none can be had
// without the user. It matches [ErrReauthorizationRequired].
type ReauthError struct {
	// Key is the manager's key.
	Key string

	// Code is what the token endpoint called it, such as "invalid_grant". It is
	// empty if nothing was asked: no token is stored (the error then matches
	// [ErrNotFound]), or it has expired, or was refused by a service, and has no
	// refresh token.
	Code string

	// At is when that was found out, by whichever process; zero if nothing is stored.
	At time.Time

	// Unanswered is how many refreshes with the dead refresh token were sent without
	// a usable response, because of a crash for one. If it is not zero, one of them
	// may well have used the token up.
	Unanswered int

	cause error
}

func (e *ReauthError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tokens: token %s: %v", quote.Text(e.Key, maxKey), ErrReauthorizationRequired)
	if e.Code != "" {
		b.WriteString(": " + quote.Text(e.Code, maxServerText))
	}
	if e.Unanswered > 0 {
		fmt.Fprintf(&b, " (%d earlier refreshes had no response)", e.Unanswered)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap returns [ErrReauthorizationRequired] and, if there is one, the cause.
func (e *ReauthError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrReauthorizationRequired}
	}
	return []error{ErrReauthorizationRequired, e.cause}
}

// RefreshError says that a token could not be refreshed this time. It is
// returned where no usable token is left to hand out; see also [OnFailure].
type RefreshError struct {
	// Key is the manager's key.
	Key string

	// RetryAt is the end of the pause, shared by all processes, before which
	// nothing is sent again. Zero: there is none.
	RetryAt time.Time

	// Failed counts the refreshes of this token that have failed in a row.
	Failed int

	// Unanswered counts those of them that may have taken effect although no
	// usable response came back.
	Unanswered int

	cause error
}

func (e *RefreshError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "tokens: refresh token %s: %v", quote.Text(e.Key, maxKey), e.cause)
	if e.Failed > 1 {
		fmt.Fprintf(&b, " (%d failures in a row", e.Failed)
		if e.Unanswered > 0 {
			fmt.Fprintf(&b, ", %d without a response", e.Unanswered)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// Unwrap returns the cause: an [*oauthflow.TokenError], an error of the context, or one
// of the errors of this package.
func (e *RefreshError) Unwrap() error { return e.cause }

func (s *tokenState) refreshError(key string, retryAt time.Time, cause error) *RefreshError {
	e := &RefreshError{Key: key, RetryAt: retryAt, cause: cause}
	if s.Attempt != nil {
		e.Failed, e.Unanswered = s.Attempt.Failed, s.Attempt.Unanswered
	}
	return e
}

// hopeless is the error for a token that a service has refused and that cannot be
// refreshed. The service may have been wrong, so nothing is recorded.
func (s *tokenState) hopeless(key string) *ReauthError {
	e := &ReauthError{Key: key, At: time.Now().Round(0), cause: errRefused}
	if s.Attempt != nil {
		e.Unanswered = s.Attempt.Unanswered
	}
	return e
}

// maxServerText bounds what is kept of a text that is not ours.
const maxServerText = 1 << 10

var errRefused = errors.New("a service has refused the access token, and there is no refresh token to get another with")

func (s *tokenState) reauthError(key string) *ReauthError {
	return &ReauthError{Key: key, Code: s.Dead.Code, At: s.Dead.At, Unanswered: s.Dead.Unanswered}
}

// StoreError says that the store failed. No token is lost by that: a token that has
// been refreshed and cannot be stored is kept in memory, and stored as soon as the
// store works again.
type StoreError struct {
	// Op is "load", "save", "delete" or "list".
	Op string

	// Key is the manager's key, or the prefix of a list.
	Key string

	cause error
}

func (e *StoreError) Error() string {
	return fmt.Sprintf("tokens: %s token %s: %v", e.Op, quote.Text(e.Key, maxKey), e.cause)
}

func (e *StoreError) Unwrap() error { return e.cause }

// foreignError is an error from code that is not ours: its text, with the
// secrets that we know of cut out, and its identity for errors.Is and
// errors.As. There is no Unwrap, since a printer that walks the chain would show the
// original.
type foreignError struct {
	text string
	err  error
}

func (e *foreignError) Error() string        { return e.text }
func (e *foreignError) GoString() string     { return e.text }
func (e *foreignError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *foreignError) As(target any) bool   { return errors.As(e.err, target) }
func (e *ReauthError) GoString() string      { return e.Error() }
func (e *RefreshError) GoString() string     { return e.Error() }
func (e *StoreError) GoString() string       { return e.Error() }

// PanicError is found by errors.As in the error of a call that ran code of the
// user's, such as a [Refresher], a [Grant], a [Store] or a secret's source, which
// panicked. Its text names the type of the value and not the value, which may hold
// a secret; both the value and the stack can be had from it.
type PanicError = panics.Error

// clean makes the error of a store or a refresher fit to be shown. Its text is code
// of the user's too, which can panic.
func clean(err error, secrets ...string) (shown error) {
	defer panics.Catch(&shown, "the error of a store or a refresher")
	if te, ok := err.(*oauthflow.TokenError); ok { // made by this package, without secrets
		return te
	}
	hidden := &redact.Secrets{}
	for _, s := range secrets {
		hidden.Add(s)
	}
	var text string
	if re, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		text = refusalText(re)
	} else {
		// The text of a *url.Error holds the URL, and with it perhaps a query secret.
		text = hidden.Error(err).Error()
	}
	return &foreignError{quote.Cut(strings.ToValidUTF8(hidden.Text(text), "�"), maxServerText), err}
}

// refusalText says what an error of package oauth2 says. Its own text holds the raw
// body, and is none without a response.
func refusalText(re *oauth2.RetrieveError) string {
	text := "the token endpoint refused"
	if re.Response != nil {
		text = fmt.Sprintf("the token endpoint responded with HTTP status %d", re.Response.StatusCode)
	}
	if re.ErrorCode != "" {
		text += ": " + quote.Text(re.ErrorCode, maxServerText)
	}
	return text
}

// waitError is the error of a caller that does not wait any longer.
func waitError(key string, err error) error {
	return fmt.Errorf("tokens: token %s: %w", quote.Text(key, maxKey), err)
}

func isContextError(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
