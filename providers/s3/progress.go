package s3

import "sync"

// progress adds up how far the parts are. A nil one tells nobody.
type progress struct {
	tell  func(done, total int64)
	total int64

	mu   sync.Mutex
	done int64
	part map[int]int64 // the most that has been done of each that is not over
}

func newProgress(tell func(done, total int64), total int64) *progress {
	if tell == nil {
		return nil
	}
	return &progress{tell: tell, total: total, part: map[int]int64{}}
}

// of is what a part tells how far it is. What it does again after a failure counts
// once.
func (p *progress) of(number int) func(done int64) {
	if p == nil {
		return nil
	}
	return func(done int64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		more := done - p.part[number]
		if more <= 0 {
			return
		}
		p.part[number] = done
		p.done += more
		p.tell(p.done, p.total)
	}
}
