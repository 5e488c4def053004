-- en: Having: customers with at least twelve cases of which one was re-opened
-- zh: 条件：至少十二个个案且有重开的客户
select coalesce(customer_id, '@not_given'), count(*), count(minutes_to_close), sum(reopened)
from service_case group by 1
having count(*) >= 12 and sum(reopened) > 0
