package webhook

import "errors"

// explain names the provider in err. Cores do not know it.
func (s *Scheme) explain(r *Request, err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = &Error{Reason: ErrUnavailable, Err: err}
	}
	e.Provider = s.provider
	return e
}
