// SPDX-License-Identifier: GPL-2.0
/*
 * Threads and contexts for the suites.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "kit.h"

struct kit_crew {
	kit_thread_fn		fn;
	void			*arg;
	atomic_t		next;
	struct completion	go;
	struct completion	done;
};

static int kit_thread(void *arg)
{
	struct kit_crew *crew = arg;
	unsigned int nr = atomic_fetch_inc(&crew->next);

	wait_for_completion(&crew->go);
	crew->fn(crew->arg, nr);
	complete(&crew->done);
	return 0;
}

/**
 * kit_threads() - do something in several threads at once, and wait for all
 * @test: the test
 * @fn: what each does
 * @arg: for it, with the thread's number
 * @n: how many threads, at most KIT_THREADS
 */
void kit_threads(struct kunit *test, kit_thread_fn fn, void *arg, unsigned int n)
{
	struct task_struct *task[KIT_THREADS];
	struct kit_crew crew = { .fn = fn, .arg = arg };
	unsigned int i, started = 0;

	init_completion(&crew.go);
	init_completion(&crew.done);
	for (i = 0; i < n; i++) {
		task[started] = kthread_run(kit_thread, &crew, "netport_kunit/%u", i);
		if (IS_ERR(task[started]))
			KUNIT_FAIL(test, "no thread\n");
		else
			get_task_struct(task[started++]);
	}
	complete_all(&crew.go);
	for (i = 0; i < started; i++)
		wait_for_completion(&crew.done);
	/* Until the last one has left this module's code. */
	for (i = 0; i < started; i++) {
		kthread_stop(task[i]);
		put_task_struct(task[i]);
	}
}

/* Now and then somebody else's turn: with one CPU, nothing happens at once otherwise. */
void kit_yield(struct rnd_state *rnd)
{
	if (kit_random(rnd, 16) == 0)
		usleep_range(1, 10);
}

/* contexts */

/**
 * struct kit_call - a call in a softirq
 * @tasklet: where it is
 * @timer: or where it is
 * @fn: what is called
 * @arg: for it
 * @done: it is done
 */
struct kit_call {
	struct tasklet_struct	tasklet;
	struct timer_list	timer;
	void			(*fn)(void *arg);
	void			*arg;
	struct completion	done;
};

static void kit_call_tasklet(struct tasklet_struct *tasklet)
{
	struct kit_call *call = from_tasklet(call, tasklet, tasklet);

	call->fn(call->arg);
	complete(&call->done);
}

static void kit_call_timer(struct timer_list *timer)
{
	struct kit_call *call = from_timer(call, timer, timer);

	call->fn(call->arg);
	complete(&call->done);
}

static void kit_run_in_tasklet(struct kit_call *call)
{
	tasklet_setup(&call->tasklet, kit_call_tasklet);
	tasklet_schedule(&call->tasklet);
	wait_for_completion(&call->done);
	tasklet_kill(&call->tasklet);
}

static void kit_run_in_timer(struct kit_call *call)
{
	timer_setup_on_stack(&call->timer, kit_call_timer, 0);
	mod_timer(&call->timer, jiffies + 1);
	wait_for_completion(&call->done);
	del_timer_sync(&call->timer);
	destroy_timer_on_stack(&call->timer);
}

/**
 * kit_run_in() - call something in a context, and wait for it
 * @context: the context
 * @fn: what is called; no expectations in there
 * @arg: for it
 */
void kit_run_in(enum kit_context context, void (*fn)(void *arg), void *arg)
{
	struct kit_call call = { .fn = fn, .arg = arg };
	static DEFINE_SPINLOCK(lock);

	init_completion(&call.done);
	switch (context) {
	case KIT_PROCESS:
		fn(arg);
		break;
	case KIT_LOCKED:
		spin_lock(&lock);
		fn(arg);
		spin_unlock(&lock);
		break;
	case KIT_BH_OFF:
		local_bh_disable();
		fn(arg);
		local_bh_enable();
		break;
	case KIT_SOFTIRQ:
		kit_run_in_tasklet(&call);
		break;
	case KIT_TIMER:
		kit_run_in_timer(&call);
		break;
	}
}
