package client

import (
	"net/http"

	"github.com/standpipe-go/standpipe/retry"
)

// purse is what the attempts of a hop have cost, and from where it is paid.
type purse struct {
	budget *retry.Budget // nil permits every retry
	tried  int32         // attempts that count for the policy
	paid   int32         // for the attempt under way
}

// budgetOf is what retries at host are paid from.
func (cfg *config) budgetOf(host *hostState) *retry.Budget {
	policy := &cfg.retry
	switch {
	case policy.NoBudget:
		return nil
	case policy.Budget != nil:
		return policy.Budget
	}
	return host.budget
}

// pay takes what the next attempt costs, and reports whether there was enough. It is
// paid before the wait, so that of many calls which wait only so many go on as the
// budget bears.
func (p *purse) pay(cost int) bool {
	if !p.budget.Withdraw(cost) {
		return false
	}
	p.paid = int32(cost)
	return true
}

// repeated notes that net/http has made n attempts by itself, and paid for them.
func (p *purse) repeated(n int) {
	p.tried += int32(n)
	p.paid += int32(n * retry.RetryCost)
}

// settle returns what an attempt has cost, where it has cured what it was to cure or was
// never made. A response that a refreshed credential may still cure is not the end of it.
func (p *purse) settle(earned bool, status int) {
	switch {
	case earned:
		p.refund()
	case status != http.StatusUnauthorized:
		p.paid = 0
	}
}

// spent notes that nothing returns any more what an attempt has cost.
func (p *purse) spent() { p.paid = 0 }

// refund returns what was paid for an attempt. What is returned once is forgotten, and
// cannot be returned twice.
func (p *purse) refund() {
	p.budget.Deposit(int(p.paid))
	p.paid = 0
}
