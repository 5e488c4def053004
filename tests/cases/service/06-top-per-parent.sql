-- en: Top-N: the three most frequent types of case of each priority
-- zh: 排名：各优先级最常见的三类个案
with sums as (
  select priority, case_type, count(*) as cases, sum(reopened) as reopened from service_case group by 1, 2),
ranked as (
  select *, row_number() over (partition by priority order by cases desc, case_type) as place from sums)
select priority, case_type, cases, reopened from ranked where place <= 3
