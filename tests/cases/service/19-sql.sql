-- en: SQL: minutes to close by the rating of today and priority, through the durable key of the star tables
-- zh: SQL：直接查询星型表，经持久键按当前评级与优先级
select rating_now, priority, count(*), sum(minutes_to_close)
from service_case where no_customer is null
group by 1, 2
