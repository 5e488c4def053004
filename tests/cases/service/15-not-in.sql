-- en: Not in: complaints only, by home country, without China, the United States and customers never seen
-- zh: 排除：仅投诉，按客户所在国，不含中国、美国与未到达客户
select case_type, coalesce(no_customer, customer_country), count(*), count(minutes_to_close) || '/' || count(*) as close_rate__fraction
from service_case
where coalesce(case_type, '') not in ('Product', 'User', 'Administration')
  and coalesce(no_customer, customer_country, '') not in ('@not_yet_arrived', 'China', 'United States')
group by 1, 2
