package parley

import (
	"fmt"
	"time"
)

const (
	// defaultBeat is the interval of signs of life on a stream; leastBeat and
	// mostBeat bound what a peer may ask for.
	defaultBeat = 5 * time.Second
	leastBeat   = time.Second
	mostBeat    = time.Minute
	// beatsToStall is how many missing signs of life end a stream.
	beatsToStall = 3
	leastIdle    = beatsToStall * leastBeat
	mostIdle     = beatsToStall * mostBeat
)

// Idle is how long a [Stream] waits for a sign of life, from 3 s to 3 minutes
// and 15 s by default; then it ends with [ErrStreamStalled]. A service that is
// alive gives one every third of that, also while its handler yields nothing:
// bound a slow handler with [Timeout]. What comes from the same process on
// another stream is one too. Time in which the broker blocks the own connection
// does not count.
func Idle(d time.Duration) SendOption {
	return sendOption{
		fmt.Sprintf("parley.Idle(%v)", d),
		func(s *sendSettings) { s.idle, s.streamGiven = max(d, 1), true },
	}
}

// MaxReplies ends a [Stream] without an error after n items, and cancels its
// handler, which never sends more. The default is no limit.
func MaxReplies(n int) SendOption {
	return sendOption{fmt.Sprintf("parley.MaxReplies(%d)", n), func(s *sendSettings) {
		s.maxReplies, s.streamGiven = n, true
		if n == 0 {
			s.maxReplies = -1
		}
	}}
}

// Restarts lets a [Stream] go on when its handler runs again from the
// beginning, for example because the service died half way. The loop then
// gives [ErrStreamRestarted] and all items anew. It waits for them for the time of
// [Idle]. Without Restarts that error ends the loop, unless no item was handed out
// yet.
func Restarts() SendOption {
	return sendOption{"parley.Restarts()", func(s *sendSettings) { s.restarts, s.streamGiven = true, true }}
}
