package resource_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/chaos/internal/resource"
)

// Each kind of leftover is seen, and gone when it was given back. The test is
// alone in its process: others would be measured with it.
func TestSpanSeesWhatIsLeft(t *testing.T) {
	before := resource.Now()
	span := func() resource.Span { return resource.Span{Name: "here", Before: before, After: resource.Now()} }
	require.Empty(t, span().Over())

	release := make(chan struct{})
	for range resource.Goroutines + 5 {
		go func() { <-release }()
	}
	require.ErrorContains(t, joined(span()), "here: wanted at most")
	require.ErrorContains(t, joined(span()), "goroutines")
	close(release)
	require.Empty(t, resource.Settle(before, time.Minute).Over(before))

	var files []*os.File
	for range resource.Descriptors + 5 {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		require.NoError(t, err)
		files = append(files, f)
	}
	require.ErrorContains(t, joined(span()), "descriptors")
	for _, f := range files {
		require.NoError(t, f.Close())
	}

	kept := make([]byte, resource.Heap+1<<20)
	require.ErrorContains(t, joined(span()), "MiB of heap")
	kept[0] = 1
	kept = nil
	require.Empty(t, resource.Settle(before, time.Minute).Over(before), kept)
}

func TestWatchSeesWhatPilesUp(t *testing.T) {
	tick, stop := make(chan time.Time), make(chan struct{})
	span := resource.Span{Name: "here"}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		span.Watch(tick, stop)
	}()
	release := make(chan struct{})
	for range 16 {
		for range resource.Goroutines {
			go func() { <-release }()
		}
		tick <- time.Time{}
	}
	close(stop)
	<-watched
	close(release)
	span.Before = span.After
	require.ErrorContains(t, joined(span), "piling up in here: wanted at most")
}

type texts []string

func (t texts) Error() string {
	all := ""
	for _, text := range t {
		all += text + "\n"
	}
	return all
}

func joined(s resource.Span) error { return texts(s.Over()) }
