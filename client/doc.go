// Package client calls services that you did not build, through one stack, also under
// an official SDK: make one [Client] per service and credential. A call passes through
// these, outermost first; [WithRetry], [Auth] and [Error] say more. The order is
// behaviour.
//
//	call      per-call middleware → call deadline → idempotency key → retry
//	attempt   per-attempt middleware → breaker → limit, pacing → auth → timer → transport
package client
