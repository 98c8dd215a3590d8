package ui

import "fmt"

// Drawing is a flow with places, in the units of its view box.
type Drawing struct {
	Class         string
	Width, Height int
	Title         string
	Boxes         []box
	Arrows        []arrow
}

// head is an arrow's point at x, y in one of the directions r, l, u, d.
func head(x, y int, direction byte) string {
	switch direction {
	case 'l':
		return fmt.Sprintf("M%d %dl7-4v8z", x, y)
	case 'u':
		return fmt.Sprintf("M%d %dl-4 7h8z", x, y)
	case 'd':
		return fmt.Sprintf("M%d %dl-4-7h8z", x, y)
	default:
		return fmt.Sprintf("M%d %dl-7-4v8z", x, y)
	}
}

// Wide draws the flow from left to right.
func (f Flow) Wide() *Drawing {
	const gap, room = 44, 24
	d := &Drawing{Class: "wide", Title: f.Describe()}
	x := 0
	for i, n := range f.Stages {
		b := newBox(n, room)
		if i > 0 {
			before := &d.Boxes[len(d.Boxes)-1]
			space := max(gap, nameWidth(cut(n.Edge, maxEdge))+26)
			b.at(before.right()+space, 0)
			d.across(before, &b, n.Edge)
		}
		d.Boxes = append(d.Boxes, b)
		x = b.right()
	}
	d.level()
	last := len(d.Boxes) - 1
	if last < 0 {
		return d
	}
	y, outX := d.Boxes[last].Y, x+gap
	if f.Failure != nil && len(f.Outputs) > 1 {
		// The boxes below one another must not meet what lies under the handler.
		below := newBox(*f.Failure, room)
		outX = max(outX, d.Boxes[last].X+below.W+gap)
	}
	for _, n := range f.Outputs {
		b := newBox(n, room)
		outX = max(outX, x+nameWidth(cut(n.Edge, maxEdge))+30)
		b.at(outX, y)
		y = b.bottom() + 10
		d.branch(&d.Boxes[last], &b, n)
		d.Boxes = append(d.Boxes, b)
	}
	d.aside(f, last)
	d.bound()
	return d
}

// level gives the stages one middle line, and redraws the arrows on it.
func (d *Drawing) level() {
	tallest := 0
	for _, b := range d.Boxes {
		tallest = max(tallest, b.H)
	}
	for i := range d.Boxes {
		d.Boxes[i].Y = (tallest - d.Boxes[i].H) / 2
	}
	middle := tallest / 2
	for i := range d.Arrows {
		from, to := &d.Boxes[i], &d.Boxes[i+1]
		a := &d.Arrows[i]
		a.Path = fmt.Sprintf("M%d %dH%d", from.right(), middle, to.X-6)
		a.Head = head(to.X, middle, 'r')
		a.LY = middle - 7
	}
}

func (d *Drawing) across(from, to *box, label string) {
	d.Arrows = append(d.Arrows, arrow{Kind: "main", LX: (from.right() + to.X) / 2, Anchor: "middle"}.labelled(label))
}

// branch leads from the last stage to an output.
func (d *Drawing) branch(from, to *box, n Node) {
	start := from.centerY()
	end := to.centerY()
	if len(d.Boxes) > 0 && to.Y == from.Y {
		end = start
		to.Y = start - to.H/2
	}
	bend := to.X - 22
	a := arrow{Kind: n.Kind, LX: bend - 4, LY: end - 7, Anchor: "end", Head: head(to.X, end, 'r')}.labelled(n.Edge)
	a.Path = fmt.Sprintf("M%d %dH%dV%dH%d", from.right(), start, bend, end, to.X-6)
	if end == start {
		a.Path = fmt.Sprintf("M%d %dH%d", from.right(), start, to.X-6)
	}
	d.Arrows = append(d.Arrows, a)
}

// aside puts what happens to failures below the last stage.
func (d *Drawing) aside(f Flow, last int) {
	handler := d.Boxes[last]
	y := 0
	for _, b := range d.Boxes[:last+1] {
		y = max(y, b.bottom())
	}
	y += 34
	if f.Failure != nil {
		b := newBox(*f.Failure, 24)
		b.at(handler.X, y)
		x := min(handler.centerX()+12, b.right()-12)
		d.Arrows = append(d.Arrows, arrow{
			Kind: "error", LX: x + 8, LY: y - 13, Anchor: "start",
			Path: fmt.Sprintf("M%d %dV%d", x, handler.bottom(), y-6), Head: head(x, y, 'd'),
		}.labelled(f.Failure.Edge))
		d.Boxes = append(d.Boxes, b)
	}
	if f.Retry != nil && last > 0 {
		queue := d.Boxes[last-1]
		b := newBox(*f.Retry, 24)
		b.at(max(0, min(queue.X, handler.X-30-b.W)), y)
		x, turn := handler.X+14, y+b.H/2
		if f.Failure != nil {
			x = handler.X - 14
		}
		d.Arrows = append(
			d.Arrows,
			arrow{Kind: "retry", Path: fmt.Sprintf("M%d %dV%dH%d", max(x, handler.X+10), handler.bottom(), y-16, x) + fmt.Sprintf("V%dH%d", turn, b.right()+6), Head: head(b.right(), turn, 'l')},
			arrow{Kind: "retry", Path: fmt.Sprintf("M%d %dV%d", min(queue.centerX(), b.centerX()), y, queue.bottom()+6), Head: head(min(queue.centerX(), b.centerX()), queue.bottom(), 'u')},
		)
		d.Boxes = append(d.Boxes, b)
	}
}

// bound moves everything into the view box and sizes it.
func (d *Drawing) bound() {
	for _, b := range d.Boxes {
		d.Width, d.Height = max(d.Width, b.right()), max(d.Height, b.bottom())
	}
	for _, a := range d.Arrows {
		if a.Anchor == "start" {
			d.Width = max(d.Width, a.LX+nameWidth(a.Label))
		}
	}
	d.Width += 2
	d.Height += 2
}

// Tall draws the flow from top to bottom, for narrow screens.
func (f Flow) Tall() *Drawing {
	const gap, room = 30, 23
	d := &Drawing{Class: "tall", Title: f.Describe()}
	y := 0
	for i, n := range f.Stages {
		b := newBox(n, room)
		if n.Edge != "" && i > 0 {
			y += 8
		}
		b.at(0, y)
		y = b.bottom() + gap
		if i > 0 {
			before := d.Boxes[i-1]
			d.Arrows = append(d.Arrows, arrow{
				Kind: "main", LX: 32, LY: (before.bottom()+b.Y)/2 + 4, Anchor: "start",
				Path: fmt.Sprintf("M20 %dV%d", before.bottom(), b.Y-6), Head: head(20, b.Y, 'd'),
			}.labelled(n.Edge))
		}
		d.Boxes = append(d.Boxes, b)
	}
	last := len(d.Boxes) - 1
	if last < 0 {
		return d
	}
	handler := d.Boxes[last]
	outs := make([]Node, 0, len(f.Outputs)+2)
	outs = append(outs, f.Outputs...)
	for _, n := range []*Node{f.Retry, f.Failure} {
		if n != nil {
			outs = append(outs, *n)
		}
	}
	y = handler.bottom() + 14
	for _, n := range outs {
		b := newBox(n, room)
		if n.Edge != "" {
			y += 16
		}
		b.at(40, y)
		y = b.bottom() + 10
		d.Arrows = append(d.Arrows, arrow{
			Kind: n.Kind, LX: 44, LY: b.Y - 5, Anchor: "start",
			Path: fmt.Sprintf("M20 %dV%dH%d", handler.bottom(), b.centerY(), b.X-6), Head: head(b.X, b.centerY(), 'r'),
		}.labelled(n.Edge))
		d.Boxes = append(d.Boxes, b)
	}
	d.bound()
	return d
}
