package memory

import "time"

// expiryOf is when l expires, told by the broker's clock.
func (q *queue) expiryOf(l *letter) time.Duration {
	ttl := q.limits.ttl
	if own := l.message.Expiration; own > 0 && (ttl < 0 || own < ttl) {
		ttl = own
	}
	if ttl < 0 {
		return never
	}
	return q.broker.now() + ttl
}

// dropExpired buries the heads that have expired slack from now.
func (q *queue) dropExpired(slack time.Duration) {
	first := q.ready.nextExpiry()
	if first == never {
		return
	}
	now := q.broker.now() + slack
	for first <= now {
		e := q.ready.popExpired(now)
		if e == nil {
			return
		}
		q.bury(e, reasonExpired)
	}
}

// setAlarm sees to it that the next expiry is noticed. An alarm that comes too
// early sets itself again.
func (q *queue) setAlarm() {
	next := q.ready.nextExpiry()
	if next >= q.alarm {
		return
	}
	q.alarm = next
	in := next - q.broker.now()
	if q.expiry == nil {
		q.expiry = time.AfterFunc(in, q.ring)
		return
	}
	q.expiry.Reset(in)
}

// ring is called when the alarm goes off.
func (q *queue) ring() {
	q.mu.Lock()
	defer q.unlock()
	q.alarm = never
	q.pump()
}

// used notes that the queue was declared or consumed.
func (q *queue) used() {
	if q.limits.expires < 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.restartIdle()
}

// restartIdle begins the time after which an unused queue is deleted.
func (q *queue) restartIdle() {
	if q.limits.expires < 0 || q.deleted {
		return
	}
	q.lastUse = q.broker.now()
	if q.idle == nil {
		q.idle = time.AfterFunc(q.limits.expires, q.expireUnused)
		return
	}
	q.idle.Reset(q.limits.expires)
}

func (q *queue) expireUnused() {
	q.broker.deleteQueue(q, func() bool {
		return len(q.feeds) == 0 && q.broker.now() >= q.lastUse+q.limits.expires
	})
}
