package secret

// Sources whose secret can be read without anybody being asked have the method
//
//	AtHand() bool
//
// so that package client can look at it when it is given: a vault is not called for
// that, so a [Func] has none.

// AtHand is true.
func (*static) AtHand() bool { return true }

// AtHand is true: the environment is read.
func (*env) AtHand() bool { return true }

// AtHand is true: the files are read.
func (*file) AtHand() bool { return true }

// AtHand reports whether all sources are.
func (j joined) AtHand() bool {
	for _, s := range j {
		if !atHand(s) {
			return false
		}
	}
	return true
}

// AtHand is that of the source behind it.
func (c *cached) AtHand() bool { return atHand(c.src) }

func atHand(src Source) bool {
	s, ok := src.(interface{ AtHand() bool })
	return ok && s.AtHand()
}
