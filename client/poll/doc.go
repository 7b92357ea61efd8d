// Package poll waits for an operation that a service goes on with after its response: a
// report, an import, a deployment.
//
//	job, err := poll.Until(ctx, c, client.Request{Path: "/v1/jobs/j_1"}, poll.Options{},
//		func(j Job) poll.State {
//			switch j.Status {
//			case "succeeded":
//				return poll.Done
//			case "failed", "canceled":
//				return poll.Failed
//			}
//			return poll.Running
//		})
//
// It asks at once, and then as often as the service says by Retry-After, else less and
// less often. Count a status that you do not know as Running: one that the service adds
// later then breaks nothing.
package poll
