// Package retry repeats an operation that failed, under a policy that says how
// often, after which wait and within which budget. It knows nothing of HTTP:
// package client brings the rules about statuses, methods and bodies, and takes
// its [Policy] from here.
//
// Most callers should use [Do] with [Default] for anything at all that can fail
// for a passing reason, and hand the same Policy to client.WithRetry for calls
// over HTTP:
//
//	v, err := retry.Do(ctx, retry.Default(), func(ctx context.Context) (T, error) { … })
//
// The operation steers through its error: [Permanent] stops at once, [After]
// names the wait that the other side asked for. The policy "try, on failure wait
// 1 s, 2 s, 4 s, then give up" is
//
//	retry.Policy{MaxAttempts: 4, Backoff: retry.Exponential(time.Second, 0)}
//
// Four rules hold whatever the policy says. A wait that would not end before the
// context's deadline is not begun: the last error comes back at once. A wait
// that the other side asked for is never shortened: above [Policy.MaxWait] it
// means stop. A cancelled operation is never repeated. The [Budget], where there
// is one, is looked at before the wait and not after it.
package retry
